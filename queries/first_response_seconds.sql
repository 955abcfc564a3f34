-- name: First response time
-- name[de]: Zeit bis zur ersten Reaktion
-- meaning: seconds from the contact's first act to the next message of the business
-- meaning[de]: Sekunden von der ersten Handlung des Kontakts bis zur nächsten Nachricht des Unternehmens
-- unit: seconds
-- unit[de]: Sekunden
-- table: conversations
-- follows: Chatwoot: first reply after the first message of the contact
-- follows[de]: Chatwoot: erste Antwort nach der ersten Nachricht des Kontakts
-- caveat: bot and human replies together, around the clock; bot_response_seconds and human_response_seconds tell them apart
-- caveat[de]: Antworten von Bot und Menschen zusammen, rund um die Uhr; bot_response_seconds und human_response_seconds trennen sie
SELECT
  segment,
  first_response_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE first_response_s IS NOT NULL
GROUP BY segment, first_response_s
