-- name: Question open rate
-- name[de]: Rate offener Besuche der Frage
-- meaning: visits that are not decided when the log ends, of all visits
-- meaning[de]: Besuche, die am Ende des Protokolls nicht entschieden sind, von allen Besuchen
-- unit: visits
-- unit[de]: Besuche
-- table: visits
-- follows: BotHelp shows people in progress apart
-- follows[de]: BotHelp zeigt, wer noch unterwegs ist, gesondert
-- caveat: high shares mean that it is too early to judge the question
-- caveat[de]: hohe Anteile bedeuten, dass es für ein Urteil über die Frage zu früh ist
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome = 'open') AS numerator,
  COUNT(*) AS denominator
FROM visits
GROUP BY segment
