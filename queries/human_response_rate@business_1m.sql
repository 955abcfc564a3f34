-- name: People's first responses within a minute of business
-- meaning: waits for a person that ended within a minute of business time, of all: from the hand-over, or from the message that waited by then
-- unit: conversations
-- table: conversations
-- needs: human_business_measurable
-- follows: Chatwoot: first response time with business hours
-- caveat: hours are those under [service]; waits that began later than that before the end of the log are left out, answered or not
SELECT
  segment,
  COUNT(*) FILTER (WHERE human_response_business_s <= 60) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE human_wait_seen_business_s >= 60 AND human_business_measurable
GROUP BY segment
