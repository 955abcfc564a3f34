-- name: Hand-over rate
-- name[de]: Übergaberate
-- meaning: conversations in which a person took over, of conversations in which the contact did something
-- meaning[de]: Gespräche, in denen ein Mensch übernahm, von Gesprächen, in denen der Kontakt etwas tat
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: handovers_measurable
-- bounded: handovers_bounded
-- vendors: Copilot Studio (escalation rate)
-- follows: Copilot Studio: escalated / engaged sessions
-- follows[de]: Copilot Studio: übergeben / Sitzungen mit Beteiligung
-- caveat: a person who answers from another tool without a signal is not seen
-- caveat[de]: ein Mensch, der ohne Kennzeichen mit einem anderen Werkzeug antwortet, ist nicht zu sehen
SELECT
  segment,
  COUNT(*) FILTER (WHERE handed_over_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_inbound > 0 AND handovers_measurable
GROUP BY segment
