-- name: Question answered rate
-- meaning: visits that ended with an answer that was taken, of visits that are decided
-- unit: visits
-- table: visits
-- follows: Typebot: answers / views of a question
-- caveat: a re-prompt belongs to the visit: only the answer that the bot went on with counts
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome = 'answered') AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE outcome <> 'open'
GROUP BY segment
