-- name: Resolution time
-- meaning: seconds from the contact's first message or tap to the first goal, end of a flow or last answer of a declared flow
-- unit: seconds
-- table: conversations
-- needs: resolution_measurable
-- follows: Chatwoot: from creation to resolved, here from the first message of the contact
-- caveat: only what was resolved; by handled_by it tells bot and people apart
SELECT
  segment,
  resolution_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE resolution_s IS NOT NULL
GROUP BY segment, resolution_s
