-- name: Containment rate of all conversations
-- meaning: conversations without a hand-over to a person, of all conversations
-- unit: conversations
-- table: conversations
-- needs: handovers_measurable
-- vendors: Dashbot (containment); Quickchat (containment)
-- follows: Dashbot and Quickchat: conversations without hand-over / all
-- caveat: a message that nobody answered is a contained conversation
SELECT
  segment,
  COUNT(*) FILTER (WHERE handed_over_at IS NULL) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE handovers_measurable
GROUP BY segment
