-- name: Resolution rate with implied success
-- meaning: conversations that were resolved, or in which the business had the last word and the contact did not opt out, of those with a message or tap that are over
-- unit: conversations
-- table: conversations
-- needs: replies_measurable
-- vendors: Copilot Studio (resolution rate)
-- follows: Copilot Studio: confirmed, or not answered until the time-out
-- caveat: who gave up in silence is resolved
SELECT
  segment,
  COUNT(*) FILTER (WHERE quietly_resolved) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE requested AND over
GROUP BY segment
