-- name: Repeating bot rate
-- meaning: conversations in which the bot asked or sent the same again after the contact had written or tapped, of those with two replies of the bot in a row that can be compared
-- unit: conversations
-- table: conversations
-- needs: authors_known
-- follows: process mining: rework
-- caveat: only questions and templates can be compared: free text is not kept; a menu is repeated by design
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_replies_repeated > 0) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_replies_compared > 0 AND authors_known
GROUP BY segment
