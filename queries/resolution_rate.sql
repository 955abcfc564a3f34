-- name: Resolution rate
-- meaning: conversations with a goal, the end of a flow or the last answer of a declared flow after the contact's first message or tap, of those that have one and are over
-- unit: conversations
-- table: conversations
-- needs: resolution_measurable
-- vendors: Lex V2 (success)
-- follows: Lex V2: the last intent was successful
-- caveat: what the log does not call a goal or an end is not resolved
SELECT
  segment,
  COUNT(*) FILTER (WHERE resolution_s IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE requested AND over AND resolution_measurable
GROUP BY segment
