-- name: Time to open
-- meaning: seconds from sending to the first opening, of messages that reached the contact
-- unit: seconds
-- table: messages
-- needs: opens_measurable
-- bounded: opens_bounded
-- follows: PostHog: time to convert
-- caveat: only messages that were opened; with those that are not opened yet, the measure 'reaction_times' tells it without bias
SELECT
  segment,
  open_s AS value,
  COUNT(*) AS n
FROM messages
WHERE reached AND opens_measurable AND open_s IS NOT NULL
GROUP BY segment, open_s
