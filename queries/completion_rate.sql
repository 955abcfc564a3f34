-- name: Completion rate
-- meaning: conversations that reached the end of their flow or their goal, of conversations in a flow that are decided
-- unit: conversations
-- table: conversations
-- follows: Typebot: completed / started, but without those that are still open
-- caveat: the end must be known: a flow's last question in the configuration, an end event or a goal
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome = 'completed') AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE in_flow AND outcome <> 'open'
GROUP BY segment
