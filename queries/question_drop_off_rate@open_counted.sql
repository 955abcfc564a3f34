-- name: Question drop-off, open ones counted
-- meaning: visits without an answer, of all visits
-- unit: visits
-- table: visits
-- vendors: Typebot (drop-off rate); Formbricks (drop-off)
-- follows: Typebot: (reached - answered) / reached
-- caveat: who may still answer counts as lost, and so does who was led past the question
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome <> 'answered') AS numerator,
  COUNT(*) AS denominator
FROM visits
GROUP BY segment
