-- name: Question drop-off of first passes
-- meaning: first visits to the question in a conversation that ended silent, opted out, handed over or failed, of those that are decided
-- unit: visits
-- table: visits
-- follows: PostHog: the first time through
-- caveat: who comes back and answers later counts as lost here
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome IN ('silent', 'opted_out', 'handed_over', 'failed')) AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE outcome <> 'open' AND pass = 1
GROUP BY segment
