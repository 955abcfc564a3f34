-- name: First response time
-- meaning: seconds from the contact's first act to the next message of the business
-- unit: seconds
-- table: conversations
-- follows: Chatwoot: first reply after the first message of the contact
-- caveat: bot and human replies together, around the clock; bot_response_seconds and human_response_seconds tell them apart
SELECT
  segment,
  first_response_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE first_response_s IS NOT NULL
GROUP BY segment, first_response_s
