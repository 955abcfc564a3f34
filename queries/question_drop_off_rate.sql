-- name: Question drop-off rate
-- meaning: visits that ended silent, opted out, handed over or failed, of visits that are decided
-- unit: visits
-- table: visits
-- follows: Typebot and Formbricks: left / reached, but without those who may still answer
-- caveat: a visit is open until the conversation has been quiet for the session gap; skipped questions are decided but no drop-off
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome IN ('silent', 'opted_out', 'handed_over', 'failed')) AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE outcome <> 'open'
GROUP BY segment
