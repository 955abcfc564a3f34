-- name: Hand-over rate
-- meaning: conversations in which a person took over, of conversations in which the contact did something
-- unit: conversations
-- table: conversations
-- needs: handovers_measurable
-- bounded: handovers_bounded
-- vendors: Copilot Studio (escalation rate)
-- follows: Copilot Studio: escalated / engaged sessions
-- caveat: a person who answers from another tool without a signal is not seen
SELECT
  segment,
  COUNT(*) FILTER (WHERE handed_over_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_inbound > 0 AND handovers_measurable
GROUP BY segment
