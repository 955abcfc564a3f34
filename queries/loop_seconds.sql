-- name: Time lost in loops
-- meaning: seconds from standing at a question the first time to standing there again the last time
-- unit: seconds
-- table: visits
-- follows: process mining: rework time
-- caveat: only loops; longer circles over three or more questions are not seen
SELECT
  segment,
  loop_s AS value,
  COUNT(*) AS n
FROM visits
WHERE loop_s IS NOT NULL
GROUP BY segment, loop_s
