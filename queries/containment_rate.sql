-- name: Containment rate
-- name[de]: Rate des Fallabschlusses ohne Menschen
-- meaning: conversations without a hand-over to a person, of conversations in which the contact did something
-- meaning[de]: Gespräche ohne Übergabe an einen Menschen, von Gesprächen, in denen der Kontakt etwas tat
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: handovers_measurable
-- follows: Dashbot and Quickchat: conversations without hand-over / conversations
-- follows[de]: Dashbot und Quickchat: Gespräche ohne Übergabe / Gespräche
-- caveat: a contact who gave up in anger is contained, too: read it beside completion
-- caveat[de]: auch ein Kontakt, der im Ärger aufgab, zählt mit: neben der Abschlussrate lesen
SELECT
  segment,
  COUNT(*) FILTER (WHERE handed_over_at IS NULL) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_inbound > 0 AND handovers_measurable
GROUP BY segment
