-- name: Question back rate
-- meaning: visits that led back to a question of the flow that was passed already, of all visits
-- unit: visits
-- table: visits
-- follows: process mining: rework
-- caveat: passed is what was visited before in the conversation or stands before what was, in the declared order; whoever is back from another flow is not counted
SELECT
  segment,
  COUNT(*) FILTER (WHERE entry = 'back') AS numerator,
  COUNT(*) AS denominator
FROM visits
GROUP BY segment
