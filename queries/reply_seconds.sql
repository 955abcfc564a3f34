-- name: Time to reply
-- meaning: seconds from sending to the first answer within the reply window, of messages that reached the contact
-- unit: seconds
-- table: messages
-- needs: replies_measurable
-- follows: PostHog: time to convert
-- caveat: only messages that were answered; with those that are not answered yet, the measure 'reaction_times' tells it without bias
SELECT
  segment,
  reply_s AS value,
  COUNT(*) AS n
FROM messages
WHERE reached AND replies_measurable AND reply_s IS NOT NULL
GROUP BY segment, reply_s
