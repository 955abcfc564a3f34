-- name: Hand-over rate of all conversations
-- meaning: conversations in which a person took over, of all conversations
-- unit: conversations
-- table: conversations
-- needs: handovers_measurable
-- bounded: handovers_bounded
-- vendors: Dialogflow (LIVE_AGENT_HANDOFF_RATE); Quickchat (escalation rate)
-- follows: Dialogflow CX: escalated / all sessions
-- caveat: conversations in which the contact never said anything make it lower
SELECT
  segment,
  COUNT(*) FILTER (WHERE handed_over_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE handovers_measurable
GROUP BY segment
