-- name: Reported cost
-- meaning: what the platform last reported that a message costs
-- unit: millionths of the currency
-- table: messages
-- follows: Infobip, MessageBird, Vonage and YCloud: a price in the delivery report
-- caveat: break it down by currency, or amounts of several stand together; YCloud's are estimates until the delivery
SELECT
  segment,
  cost AS value,
  COUNT(*) AS n
FROM messages
WHERE cost IS NOT NULL AND currency IS NOT NULL AND NOT suppressed
GROUP BY segment, cost
