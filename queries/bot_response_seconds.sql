-- name: First response time of the bot
-- name[de]: Zeit bis zur ersten Reaktion des Bots
-- meaning: seconds from the contact's first message or tap to the next message, if the bot wrote it and no person had taken over
-- meaning[de]: Sekunden von der ersten Nachricht oder dem ersten Tippen des Kontakts bis zur nächsten Nachricht, wenn der Bot sie schrieb und kein Mensch übernommen hatte
-- unit: seconds
-- unit[de]: Sekunden
-- table: conversations
-- needs: authors_known
-- follows: Chatwoot: first reply after the first message; the hand-over to a person sets the clock anew
-- follows[de]: Chatwoot: erste Antwort nach der ersten Nachricht; die Übergabe an einen Menschen stellt die Uhr neu
-- caveat: only what was answered; around the clock, as a bot is there; a person who answers without a sign passes for the bot
-- caveat[de]: nur was beantwortet wurde; rund um die Uhr, denn ein Bot ist da; ein Mensch, der ohne Kennzeichen antwortet, gilt als Bot
SELECT
  segment,
  bot_response_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE bot_response_s IS NOT NULL
GROUP BY segment, bot_response_s
