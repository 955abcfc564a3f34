-- name: Reported cost
-- name[de]: Gemeldete Kosten
-- meaning: what the platform last reported that a message costs
-- meaning[de]: was die Plattform zuletzt als Kosten einer Nachricht meldete
-- unit: millionths of the currency
-- unit[de]: Millionstel der Währung
-- table: messages
-- follows: Infobip, MessageBird, Vonage and YCloud: a price in the delivery report
-- follows[de]: Infobip, MessageBird, Vonage und YCloud: ein Preis im Zustellbericht
-- caveat: break it down by currency, or amounts of several stand together; YCloud's are estimates until the delivery
-- caveat[de]: nach Währung aufteilen, sonst stehen Beträge mehrerer zusammen; die von YCloud sind bis zur Zustellung Schätzungen
SELECT
  segment,
  cost AS value,
  COUNT(*) AS n
FROM messages
WHERE cost IS NOT NULL AND currency IS NOT NULL AND NOT suppressed
GROUP BY segment, cost
