-- name: Open rate
-- meaning: messages read, of messages delivered whose reading can be seen
-- unit: messages
-- table: messages
-- needs: opens_measurable
-- bounded: opens_bounded
-- follows: Netmera and Insider: read / delivered
-- caveat: a lower bound: contacts may switch read receipts off, and a preview is no read
SELECT
  segment,
  COUNT(*) FILTER (WHERE opened_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_measurable AND delivered_at IS NOT NULL
GROUP BY segment
