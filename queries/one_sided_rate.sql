-- name: One-sided rate
-- meaning: conversations in which only one side spoke, of all conversations
-- unit: conversations
-- table: conversations
-- needs: replies_measurable
-- follows: Typebot: views without a start; here either side may be the silent one
-- caveat: a conversation that the log's end cuts off may still become two-sided
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_inbound = 0 OR n_outbound = 0) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE replies_measurable
GROUP BY segment
