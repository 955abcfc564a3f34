-- name: Completion rate of all started
-- meaning: conversations that reached the end of their flow or their goal, of all conversations in a flow
-- unit: conversations
-- table: conversations
-- vendors: Typebot (completion rate)
-- follows: Typebot: completed / started, those still under way included
-- caveat: rises by itself in the days after a campaign
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome = 'completed') AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE in_flow
GROUP BY segment
