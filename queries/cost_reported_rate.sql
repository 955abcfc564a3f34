-- name: Messages with a reported cost
-- name[de]: Nachrichten mit gemeldeten Kosten
-- meaning: messages of which the platform reported what they cost, and in which currency, of all messages sent
-- meaning[de]: Nachrichten, von denen die Plattform meldete, was und in welcher Währung sie kosten, von allen gesendeten Nachrichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- follows: Infobip, MessageBird, Vonage and YCloud: a price in the delivery report
-- follows[de]: Infobip, MessageBird, Vonage und YCloud: ein Preis im Zustellbericht
-- caveat: WhatsApp's own webhooks say what is charged, not how much; the measure 'cost' prices the rest by a card
-- caveat[de]: die Webhooks von WhatsApp sagen, was berechnet wird, nicht wie viel; das Maß „cost“ bepreist den Rest nach einer Preisliste
SELECT
  segment,
  COUNT(*) FILTER (WHERE cost IS NOT NULL AND currency IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed
GROUP BY segment
