-- name: First response time of the bot
-- meaning: seconds from the contact's first message or tap to the next message, if the bot wrote it and no person had taken over
-- unit: seconds
-- table: conversations
-- needs: authors_known
-- follows: Chatwoot: first reply after the first message; the hand-over to a person sets the clock anew
-- caveat: only what was answered; around the clock, as a bot is there; a person who answers without a sign passes for the bot
SELECT
  segment,
  bot_response_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE bot_response_s IS NOT NULL
GROUP BY segment, bot_response_s
