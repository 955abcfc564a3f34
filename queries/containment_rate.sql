-- name: Containment rate
-- meaning: conversations in which no person took over or wrote, of conversations in which the contact did something
-- unit: conversations
-- table: conversations
-- needs: handovers_measurable
-- bounded_above: handovers_bounded
-- follows: Dashbot and Quickchat: conversations without hand-over / conversations
-- caveat: a contact who gave up in anger is contained, too: read it beside completion
SELECT
  segment,
  COUNT(*) FILTER (WHERE NOT with_human) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_inbound > 0 AND handovers_measurable
GROUP BY segment
