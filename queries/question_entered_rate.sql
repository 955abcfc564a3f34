-- name: Question entered rate
-- meaning: visits by which contacts came into the flow, for the first time in the conversation or back from another flow, of all visits
-- unit: visits
-- table: visits
-- follows: process mining: start activities
-- caveat: a contact who comes back after the session gap comes into the flow anew
SELECT
  segment,
  COUNT(*) FILTER (WHERE entry IN ('fresh', 'resumed', 'returned')) AS numerator,
  COUNT(*) AS denominator
FROM visits
GROUP BY segment
