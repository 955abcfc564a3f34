-- name: Question drop-off of best passes
-- meaning: conversations whose best visit to the question ended silent, opted out, handed over or failed, of those that are decided
-- unit: conversations at the question
-- table: visits
-- follows: one unit per conversation and question: whoever got past it once got past it
-- caveat: the lowest of the three: it forgives every failed attempt
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome IN ('silent', 'opted_out', 'handed_over', 'failed')) AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE outcome <> 'open' AND is_best
GROUP BY segment
