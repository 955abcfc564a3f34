-- name: Waiting for the bot
-- meaning: seconds from a first message or tap that was the bot's to answer, and that nobody answered, to the end of the log
-- unit: seconds
-- table: conversations
-- needs: authors_known
-- follows: survival analysis: times that are not over yet
-- caveat: a broken bot and a conversation that needed no reply look alike
SELECT
  segment,
  bot_waiting_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE bot_waiting_s IS NOT NULL
GROUP BY segment, bot_waiting_s
