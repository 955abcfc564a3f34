-- name: Containment rate of all conversations
-- meaning: conversations in which no person took over or wrote, of all conversations
-- unit: conversations
-- table: conversations
-- needs: handovers_measurable
-- bounded_above: handovers_bounded
-- vendors: Dashbot (containment); Quickchat (containment)
-- follows: Dashbot and Quickchat: conversations without hand-over / all
-- caveat: a message that nobody answered is a contained conversation
SELECT
  segment,
  COUNT(*) FILTER (WHERE NOT with_human) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE handovers_measurable
GROUP BY segment
