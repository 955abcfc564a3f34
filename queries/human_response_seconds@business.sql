-- name: First response time of people in business hours
-- name[de]: Zeit bis zur ersten Reaktion von Menschen in Geschäftszeiten
-- meaning: seconds inside business hours to a person's first message: from the hand-over, or from the message that waited by then
-- meaning[de]: Sekunden innerhalb der Geschäftszeiten bis zur ersten Nachricht eines Menschen: von der Übergabe an oder von der Nachricht an, die da schon wartete
-- unit: seconds
-- unit[de]: Sekunden
-- table: conversations
-- needs: human_business_measurable
-- follows: Chatwoot: first response time with business hours
-- follows[de]: Chatwoot: Zeit bis zur ersten Reaktion mit Geschäftszeiten
-- caveat: only what was answered; hours are those under [service]; who is answered outside of them has waited for 0 s
-- caveat[de]: nur was beantwortet wurde; es gelten die Zeiten unter [service]; wer außerhalb von ihnen Antwort bekommt, hat 0 s gewartet
SELECT
  segment,
  human_response_business_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE human_response_business_s IS NOT NULL
GROUP BY segment, human_response_business_s
