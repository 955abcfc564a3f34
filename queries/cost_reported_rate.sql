-- name: Messages with a reported cost
-- meaning: messages of which the platform reported what they cost, and in which currency, of all messages sent
-- unit: messages
-- table: messages
-- follows: Infobip, MessageBird, Vonage and YCloud: a price in the delivery report
-- caveat: WhatsApp's own webhooks say what is charged, not how much; the measure 'cost' prices the rest by a card
SELECT
  segment,
  COUNT(*) FILTER (WHERE cost IS NOT NULL AND currency IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed
GROUP BY segment
