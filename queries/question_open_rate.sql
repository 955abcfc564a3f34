-- name: Question open rate
-- meaning: visits that are not decided when the log ends, of all visits
-- unit: visits
-- table: visits
-- follows: BotHelp shows people in progress apart
-- caveat: high shares mean that it is too early to judge the question
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome = 'open') AS numerator,
  COUNT(*) AS denominator
FROM visits
GROUP BY segment
