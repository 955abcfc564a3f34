-- name: Messages lost in loops
-- meaning: messages, taps and clicks of both sides from standing at a question the first time to standing there again the last time
-- unit: messages
-- table: visits
-- follows: process mining: rework
-- caveat: only loops; the prompt that closes the circle is among them
SELECT
  segment,
  n_loop_acts AS value,
  COUNT(*) AS n
FROM visits
WHERE n_loop_acts IS NOT NULL
GROUP BY segment, n_loop_acts
