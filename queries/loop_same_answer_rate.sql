-- name: Loops with the same answer
-- meaning: loops in which the question got the same answer twice in succession, of loops of which at least two answers are known
-- unit: loops
-- table: visits
-- follows: repeated-answer loops: the bot refuses what the contact means
-- caveat: answers are options and payloads; written ones are known only where the privacy setting keeps text
SELECT
  segment,
  COUNT(*) FILTER (WHERE loop_answers = 'same') AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE loop_answers IS NOT NULL
GROUP BY segment
