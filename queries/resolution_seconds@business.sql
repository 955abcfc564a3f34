-- name: Resolution time in business hours
-- name[de]: Erledigungszeit in Geschäftszeiten
-- meaning: seconds inside business hours from the contact's first message or tap to the first goal, end of a flow or last answer of a declared flow
-- meaning[de]: Sekunden innerhalb der Geschäftszeiten von der ersten Nachricht oder dem ersten Tippen des Kontakts bis zum ersten Ziel, Ende eines Ablaufs oder zur letzten Antwort eines festgelegten Ablaufs
-- unit: seconds
-- unit[de]: Sekunden
-- table: conversations
-- needs: business_measurable
-- follows: Chatwoot: resolution time with business hours
-- follows[de]: Chatwoot: Erledigungszeit mit Geschäftszeiten
-- caveat: only what was resolved; hours are those under [service]
-- caveat[de]: nur was erledigt wurde; es gelten die Zeiten unter [service]
SELECT
  segment,
  resolution_business_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE resolution_business_s IS NOT NULL AND resolution_measurable
GROUP BY segment, resolution_business_s
