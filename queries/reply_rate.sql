-- name: Reply rate
-- meaning: messages answered, in writing or by a tap, of messages that reached the contact
-- unit: messages
-- table: messages
-- needs: replies_measurable
-- follows: Braze: inbound messages within a window count as replies
-- caveat: an answer that does not point at a message is taken to answer the last one before it; a written stop is an answer too
SELECT
  segment,
  COUNT(*) FILTER (WHERE first_replied_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND replies_measurable
GROUP BY segment
