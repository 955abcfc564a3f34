-- name: Engagement rate by first answer
-- meaning: conversations with at least one answered question, of conversations in a flow
-- unit: conversations
-- table: conversations
-- needs: replies_measurable
-- vendors: Typebot (starts of views)
-- follows: Typebot: a flow is started by the first answer, and viewed whenever it is loaded
-- caveat: a log that tells nothing of flows that were loaded and never answered makes this too high
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_answered > 0) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE in_flow AND replies_measurable
GROUP BY segment
