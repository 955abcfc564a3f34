-- name: Question opted out rate
-- name[de]: Abmelderate der Frage
-- meaning: visits that ended because the contact opted out, of visits that are decided
-- meaning[de]: Besuche, die endeten, weil sich der Kontakt abmeldete, von entschiedenen Besuchen
-- unit: visits
-- unit[de]: Besuche
-- table: visits
-- follows: Lex V2 and Copilot Studio: one outcome per session, here per visit
-- follows[de]: Lex V2 und Copilot Studio: ein Ausgang je Sitzung, hier je Besuch
-- caveat: the causes of drop-off add up to the drop-off rate
-- caveat[de]: die Ursachen des Abbruchs ergeben zusammen die Abbruchrate
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome = 'opted_out') AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE outcome <> 'open'
GROUP BY segment
