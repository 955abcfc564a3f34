-- name: Engagement rate by topic
-- name[de]: Beteiligungsrate nach Thema
-- meaning: conversations in which the contact did something and that came into a flow, to a person or were not understood, of all conversations
-- meaning[de]: Gespräche, in denen der Kontakt etwas tat und die in einen Ablauf oder zu einem Menschen kamen oder nicht verstanden wurden, von allen Gesprächen
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: engagement_measurable
-- bounded: engagement_bounded
-- vendors: Copilot Studio (engagement rate)
-- follows: Copilot Studio: sessions in which a topic of one's own, an escalation or a fallback was entered / all sessions
-- follows[de]: Copilot Studio: Sitzungen, in denen ein eigenes Thema, eine Übergabe oder das Nichtverstehen betreten wurde / alle Sitzungen
-- caveat: its sessions end after 30 minutes: set windows.session_gap to that; flows, hand-overs and fallbacks that the log does not tell are missing
-- caveat[de]: dort enden Sitzungen nach 30 Minuten: windows.session_gap darauf setzen; Abläufe, Übergaben und Nichtverstehen, die das Protokoll nicht nennt, fehlen
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_inbound > 0 AND (in_flow OR handed_over_at IS NOT NULL OR n_fallback > 0)) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE engagement_measurable
GROUP BY segment
