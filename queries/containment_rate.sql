-- name: Containment rate
-- meaning: conversations without a hand-over to a person, of conversations in which the contact did something
-- unit: conversations
-- table: conversations
-- needs: handovers_measurable
-- follows: Dashbot and Quickchat: conversations without hand-over / conversations
-- caveat: a contact who gave up in anger is contained, too: read it beside completion
SELECT
  segment,
  COUNT(*) FILTER (WHERE handed_over_at IS NULL) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_inbound > 0 AND handovers_measurable
GROUP BY segment
