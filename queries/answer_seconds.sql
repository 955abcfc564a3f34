-- name: Answer time
-- meaning: seconds from the question to the answer that was taken
-- unit: seconds
-- table: visits
-- follows: PostHog: time to convert
-- caveat: only visits that were answered at a time that the log tells; those still open would take longer
SELECT
  segment,
  answer_s AS value,
  COUNT(*) AS n
FROM visits
WHERE answer_s IS NOT NULL
GROUP BY segment, answer_s
