-- name: Question answered rate
-- name[de]: Antwortrate der Frage
-- meaning: visits that ended with an answer that was taken, of visits that are decided
-- meaning[de]: Besuche, die mit einer angenommenen Antwort endeten, von entschiedenen Besuchen
-- unit: visits
-- unit[de]: Besuche
-- table: visits
-- follows: Typebot: answers / views of a question
-- follows[de]: Typebot: Antworten / Ansichten einer Frage
-- caveat: a re-prompt belongs to the visit: only the answer that the bot went on with counts
-- caveat[de]: erneutes Fragen gehört zum Besuch: Nur die Antwort zählt, mit der der Bot weitermachte
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome = 'answered') AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE outcome <> 'open'
GROUP BY segment
