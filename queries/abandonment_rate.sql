-- name: Abandonment rate
-- meaning: conversations that ended neither completed nor with a person, of decided conversations in which the contact did something
-- unit: conversations
-- table: conversations
-- needs: handovers_measurable
-- bounded_above: handovers_bounded
-- vendors: Copilot Studio (abandon rate)
-- follows: Copilot Studio: engaged sessions neither resolved nor escalated / engaged sessions
-- caveat: Copilot Studio takes silence after an end of conversation for resolved; here a flow must end, a goal be reached or the last question be answered
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome IN ('abandoned', 'opted_out') AND NOT with_human) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_inbound > 0 AND outcome <> 'open' AND handovers_measurable
GROUP BY segment
