-- name: Open rate of contacts with receipts
-- meaning: messages read, of messages that reached contacts who have sent a read receipt at some time
-- unit: messages
-- table: messages
-- needs: opens_measurable
-- vendors: Insider (open rate)
-- follows: Insider: recipients with receipts switched off are left out
-- caveat: who never opens anything looks like one who switched receipts off, so this is too high where many never open
SELECT
  segment,
  COUNT(*) FILTER (WHERE opened_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_proven AND reached
GROUP BY segment
