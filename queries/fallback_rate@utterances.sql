-- name: Fallback rate of utterances
-- meaning: times the bot did not understand, of what contacts wrote, tapped, clicked and reacted with
-- unit: fallbacks per act
-- table: conversations
-- needs: fallbacks_measurable
-- vendors: Dashbot (not handled)
-- follows: Dashbot: not understood / user utterances
-- caveat: a ratio: a bot may say twice that it did not understand
SELECT
  segment,
  SUM(n_fallback) AS numerator,
  SUM(n_inbound) AS denominator
FROM conversations
WHERE fallbacks_measurable
GROUP BY segment
