-- name: Question skipped rate
-- name[de]: Überspringrate der Frage
-- meaning: visits that ended because the bot or the contact passed over the question, of visits that are decided
-- meaning[de]: Besuche, die endeten, weil der Bot oder der Kontakt die Frage überging, von entschiedenen Besuchen
-- unit: visits
-- unit[de]: Besuche
-- table: visits
-- vendors: Lex V2 (switched)
-- follows: Lex V2 and Copilot Studio: one outcome per session, here per visit
-- follows[de]: Lex V2 und Copilot Studio: ein Ausgang je Sitzung, hier je Besuch
-- caveat: skipping is no drop-off; it is shown apart
-- caveat[de]: Überspringen ist kein Abbruch; es wird gesondert gezeigt
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome = 'skipped') AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE outcome <> 'open'
GROUP BY segment
