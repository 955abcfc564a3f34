-- name: Question furthest rate
-- meaning: conversations that came no further in the flow than this question, of conversations that stood at it
-- unit: conversations at the question
-- table: visits
-- follows: one furthest question for each conversation and flow; added up from the end of the flow, they say how many came at least so far
-- caveat: further means later in the declared order, else reached later for the first time; some of these are still open, and the last question of a flow is everybody's furthest who reached it
SELECT
  segment,
  COUNT(*) FILTER (WHERE is_furthest) AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE is_best
GROUP BY segment
