-- name: Question going-on rate
-- meaning: visits that another question followed or that completed the conversation, of visits of which that is known
-- unit: visits
-- table: visits
-- follows: process mining: directly-follows counts, with the end of the conversation as a step
-- caveat: a visit is pending while it is the last of an open conversation; a following question without a name is none
SELECT
  segment,
  COUNT(*) FILTER (WHERE next_question IS NOT NULL OR completes) AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE NOT pending
GROUP BY segment
