-- name: Waiting for the bot
-- name[de]: Warten auf den Bot
-- meaning: seconds from a first message or tap that was the bot's to answer, and that nobody answered, to the end of the log
-- meaning[de]: Sekunden von einer ersten Nachricht oder einem ersten Tippen, deren Antwort Sache des Bots war und die niemand beantwortete, bis zum Ende des Protokolls
-- unit: seconds
-- unit[de]: Sekunden
-- table: conversations
-- needs: authors_known
-- follows: survival analysis: times that are not over yet
-- follows[de]: Überlebenszeitanalyse: Zeiten, die noch nicht vorüber sind
-- caveat: a broken bot and a conversation that needed no reply look alike
-- caveat[de]: ein defekter Bot und ein Gespräch, das keine Antwort brauchte, sehen gleich aus
SELECT
  segment,
  bot_waiting_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE bot_waiting_s IS NOT NULL
GROUP BY segment, bot_waiting_s
