-- name: Bot's first responses within a minute
-- meaning: first messages and taps that the bot answered within a minute, of those that were the bot's to answer
-- unit: conversations
-- table: conversations
-- needs: authors_known
-- follows: Chatwoot: first reply after the first message; the hand-over to a person sets the clock anew
-- caveat: waits that began later than that before the end of the log are left out, answered or not
SELECT
  segment,
  COUNT(*) FILTER (WHERE bot_response_s <= 60) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE bot_wait_seen_s >= 60 AND authors_known
GROUP BY segment
