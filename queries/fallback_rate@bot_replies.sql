-- name: Fallback rate of replies
-- meaning: times the bot did not understand, of messages of the business
-- unit: fallbacks per message
-- table: conversations
-- needs: fallbacks_measurable
-- vendors: Quickchat (fallback rate)
-- follows: Quickchat: fallback replies / bot replies
-- caveat: messages that people wrote for the business count among the replies; greetings count too
SELECT
  segment,
  SUM(n_fallback) AS numerator,
  SUM(n_outbound) AS denominator
FROM conversations
WHERE fallbacks_measurable
GROUP BY segment
