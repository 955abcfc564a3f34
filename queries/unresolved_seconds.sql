-- name: Age of unresolved conversations
-- meaning: seconds from the contact's first message or tap to the end of the log, while the conversation is neither resolved nor over
-- unit: seconds
-- table: conversations
-- needs: resolution_measurable
-- follows: survival analysis: times that are not over yet
-- caveat: a conversation that is over without a resolution is not among them
SELECT
  segment,
  unresolved_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE unresolved_s IS NOT NULL AND resolution_measurable
GROUP BY segment, unresolved_s
