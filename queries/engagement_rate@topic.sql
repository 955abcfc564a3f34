-- name: Engagement rate by topic
-- meaning: conversations in which the contact did something and that came into a flow, to a person or were not understood, of all conversations
-- unit: conversations
-- table: conversations
-- needs: engagement_measurable
-- bounded: engagement_bounded
-- vendors: Copilot Studio (engagement rate)
-- follows: Copilot Studio: sessions in which a topic of one's own, an escalation or a fallback was entered / all sessions
-- caveat: its sessions end after 30 minutes: set windows.session_gap to that; flows, hand-overs and fallbacks that the log does not tell are missing
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_inbound > 0 AND (in_flow OR handed_over_at IS NOT NULL OR n_fallback > 0)) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE engagement_measurable
GROUP BY segment
