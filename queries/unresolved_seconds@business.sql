-- name: Age of unresolved conversations in business hours
-- meaning: seconds inside business hours from the contact's first message or tap to the end of the log, while the conversation is neither resolved nor over
-- unit: seconds
-- table: conversations
-- needs: business_measurable
-- follows: survival analysis: times that are not over yet
-- caveat: a conversation that is over without a resolution is not among them; hours are those under [service]
SELECT
  segment,
  unresolved_business_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE unresolved_business_s IS NOT NULL AND resolution_measurable
GROUP BY segment, unresolved_business_s
