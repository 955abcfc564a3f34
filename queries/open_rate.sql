-- name: Open rate
-- meaning: messages read, of messages that reached the contact where reading can be seen
-- unit: messages
-- table: messages
-- needs: opens_measurable
-- bounded: opens_bounded
-- vendors: Netmera (read rate); Stan.store (open rate); Customer.io (opened)
-- follows: Netmera and Insider: read / delivered
-- caveat: a lower bound: contacts may switch read receipts off, and a preview is no read; where deliveries are not reported, of messages sent and not refused
SELECT
  segment,
  COUNT(*) FILTER (WHERE opened_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_measurable AND reached
GROUP BY segment
