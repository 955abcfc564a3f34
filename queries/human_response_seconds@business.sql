-- name: First response time of people in business hours
-- meaning: seconds inside business hours to a person's first message: from the hand-over, or from the message that waited by then
-- unit: seconds
-- table: conversations
-- needs: human_business_measurable
-- follows: Chatwoot: first response time with business hours
-- caveat: only what was answered; hours are those under [service]; who is answered outside of them has waited for 0 s
SELECT
  segment,
  human_response_business_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE human_response_business_s IS NOT NULL
GROUP BY segment, human_response_business_s
