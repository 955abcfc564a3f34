-- name: Containment rate of all conversations
-- name[de]: Rate des Fallabschlusses ohne Menschen, alle Gespräche
-- meaning: conversations without a hand-over to a person, of all conversations
-- meaning[de]: Gespräche ohne Übergabe an einen Menschen, von allen Gesprächen
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: handovers_measurable
-- vendors: Dashbot (containment); Quickchat (containment)
-- follows: Dashbot and Quickchat: conversations without hand-over / all
-- follows[de]: Dashbot und Quickchat: Gespräche ohne Übergabe / alle
-- caveat: a message that nobody answered is a contained conversation
-- caveat[de]: eine Nachricht, die niemand beantwortete, ist ein Gespräch ohne Menschen
SELECT
  segment,
  COUNT(*) FILTER (WHERE handed_over_at IS NULL) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE handovers_measurable
GROUP BY segment
