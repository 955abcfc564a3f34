-- name: Hand-over rate of all conversations
-- name[de]: Übergaberate aller Gespräche
-- meaning: conversations in which a person took over, of all conversations
-- meaning[de]: Gespräche, in denen ein Mensch übernahm, von allen Gesprächen
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: handovers_measurable
-- bounded: handovers_bounded
-- vendors: Dialogflow (LIVE_AGENT_HANDOFF_RATE); Quickchat (escalation rate)
-- follows: Dialogflow CX: escalated / all sessions
-- follows[de]: Dialogflow CX: übergeben / alle Sitzungen
-- caveat: conversations in which the contact never said anything make it lower
-- caveat[de]: Gespräche, in denen der Kontakt nie etwas sagte, senken sie
SELECT
  segment,
  COUNT(*) FILTER (WHERE handed_over_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE handovers_measurable
GROUP BY segment
