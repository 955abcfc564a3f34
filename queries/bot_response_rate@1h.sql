-- name: Bot's first responses within an hour
-- name[de]: Erste Reaktionen des Bots binnen einer Stunde
-- meaning: first messages and taps that the bot answered within an hour, of those that were the bot's to answer
-- meaning[de]: erste Nachrichten und Tipper, die der Bot binnen einer Stunde beantwortete, von denen, deren Antwort seine Sache war
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: authors_known
-- follows: Chatwoot: first reply after the first message; the hand-over to a person sets the clock anew
-- follows[de]: Chatwoot: erste Antwort nach der ersten Nachricht; die Übergabe an einen Menschen stellt die Uhr neu
-- caveat: waits that began later than that before the end of the log are left out, answered or not
-- caveat[de]: Wartezeiten, die später als so lange vor dem Ende des Protokolls begannen, sind ausgelassen, beantwortet oder nicht
SELECT
  segment,
  COUNT(*) FILTER (WHERE bot_response_s <= 3600) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE bot_wait_seen_s >= 3600 AND authors_known
GROUP BY segment
