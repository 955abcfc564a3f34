-- name: Containment rate
-- name[de]: Rate des Fallabschlusses ohne Menschen
-- meaning: conversations in which no person took over or wrote, of conversations in which the contact did something
-- meaning[de]: Gespräche, in denen kein Mensch übernahm oder schrieb, von Gesprächen, in denen der Kontakt etwas tat
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: handovers_measurable
-- bounded_above: handovers_bounded
-- follows: Dashbot and Quickchat: conversations without hand-over / conversations
-- follows[de]: Dashbot und Quickchat: Gespräche ohne Übergabe / Gespräche
-- caveat: a contact who gave up in anger is contained, too: read it beside completion
-- caveat[de]: auch ein Kontakt, der im Ärger aufgab, zählt mit: neben der Abschlussrate lesen
SELECT
  segment,
  COUNT(*) FILTER (WHERE NOT with_human) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_inbound > 0 AND handovers_measurable
GROUP BY segment
