-- name: Goal rate
-- meaning: conversations in which the goal was reached, of conversations that are decided
-- unit: conversations
-- table: conversations
-- needs: goals_measurable
-- follows: Braze: conversions / recipients, here by conversation
-- caveat: needs goal events in the log or a rule that tells them
SELECT
  segment,
  COUNT(*) FILTER (WHERE goal) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE outcome <> 'open' AND goals_measurable
GROUP BY segment
