-- name: Fallback rate
-- meaning: conversations in which the bot did not understand at least once, of conversations in which the contact did something
-- unit: conversations
-- table: conversations
-- needs: fallbacks_measurable
-- vendors: Botfront (conversations with fallback)
-- follows: Botfront: conversations with at least one fallback
-- caveat: needs fallback events in the log or a rule that tells them
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_fallback > 0) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_inbound > 0 AND fallbacks_measurable
GROUP BY segment
