-- name: First response time of people
-- meaning: seconds to a person's first message: from the hand-over, or from the message that waited by then
-- unit: seconds
-- table: conversations
-- needs: authors_known
-- follows: Chatwoot: first reply after the first message; the hand-over to a person sets the clock anew
-- caveat: only what was answered; around the clock; one wait in a conversation, its first
SELECT
  segment,
  human_response_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE human_response_s IS NOT NULL
GROUP BY segment, human_response_s
