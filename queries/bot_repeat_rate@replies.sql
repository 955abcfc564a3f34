-- name: Repeated replies
-- meaning: replies in which the bot asked or sent again what its reply before did, of those that can be compared with the reply before
-- unit: replies
-- table: conversations
-- needs: authors_known
-- follows: process mining: rework
-- caveat: a reply is all that is said between two messages or taps of the contact; only questions and templates can be compared
SELECT
  segment,
  SUM(n_replies_repeated) AS numerator,
  SUM(n_replies_compared) AS denominator
FROM conversations
WHERE authors_known
GROUP BY segment
