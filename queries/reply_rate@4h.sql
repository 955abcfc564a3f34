-- name: Reply rate within 4 hours
-- meaning: messages answered within four hours, of messages that reached the contact
-- unit: messages
-- table: messages
-- needs: replies_measurable
-- vendors: Braze (SMS and RCS replies)
-- follows: Braze: inbound within four hours of the message is its reply
-- caveat: a shorter reply window in the configuration cuts it further
SELECT
  segment,
  COUNT(*) FILTER (WHERE reply_s <= 14400) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND replies_measurable
GROUP BY segment
