-- name: Question back rate
-- name[de]: Rückkehrrate der Frage
-- meaning: visits that led back to a question of the flow that was passed already, of all visits
-- meaning[de]: Besuche, die zu einer schon durchlaufenen Frage des Ablaufs zurückführten, von allen Besuchen
-- unit: visits
-- unit[de]: Besuche
-- table: visits
-- follows: process mining: rework
-- follows[de]: Prozessanalyse: Nacharbeit
-- caveat: passed is what was visited before in the conversation or stands before what was, in the declared order; whoever is back from another flow is not counted
-- caveat[de]: durchlaufen ist, was im Gespräch schon besucht wurde oder in der festgelegten Reihenfolge davor steht; wer aus einem anderen Ablauf zurück ist, zählt nicht
SELECT
  segment,
  COUNT(*) FILTER (WHERE entry = 'back') AS numerator,
  COUNT(*) AS denominator
FROM visits
GROUP BY segment
