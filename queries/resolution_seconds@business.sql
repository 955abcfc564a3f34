-- name: Resolution time in business hours
-- meaning: seconds inside business hours from the contact's first message or tap to the first goal, end of a flow or last answer of a declared flow
-- unit: seconds
-- table: conversations
-- needs: business_measurable
-- follows: Chatwoot: resolution time with business hours
-- caveat: only what was resolved; hours are those under [service]
SELECT
  segment,
  resolution_business_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE resolution_business_s IS NOT NULL AND resolution_measurable
GROUP BY segment, resolution_business_s
