-- name: People's first responses within five minutes of business
-- name[de]: Erste Reaktionen von Menschen binnen fünf Minuten Geschäftszeit
-- meaning: waits for a person that ended within five minutes of business time, of all: from the hand-over, or from the message that waited by then
-- meaning[de]: Wartezeiten auf einen Menschen, die binnen fünf Minuten Geschäftszeit endeten, von allen: von der Übergabe an oder von der Nachricht an, die da schon wartete
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: human_business_measurable
-- follows: Chatwoot: first response time with business hours
-- follows[de]: Chatwoot: Zeit bis zur ersten Reaktion mit Geschäftszeiten
-- caveat: hours are those under [service]; waits that began later than that before the end of the log are left out, answered or not
-- caveat[de]: es gelten die Zeiten unter [service]; Wartezeiten, die später als so lange vor dem Ende des Protokolls begannen, sind ausgelassen, beantwortet oder nicht
SELECT
  segment,
  COUNT(*) FILTER (WHERE human_response_business_s <= 300) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE human_wait_seen_business_s >= 300 AND human_business_measurable
GROUP BY segment
