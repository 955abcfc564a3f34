-- name: Containment rate of all conversations
-- name[de]: Rate des Fallabschlusses ohne Menschen, alle Gespräche
-- meaning: conversations in which no person took over or wrote, of all conversations
-- meaning[de]: Gespräche, in denen kein Mensch übernahm oder schrieb, von allen Gesprächen
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: handovers_measurable
-- bounded_above: handovers_bounded
-- vendors: Dashbot (containment); Quickchat (containment)
-- follows: Dashbot and Quickchat: conversations without hand-over / all
-- follows[de]: Dashbot und Quickchat: Gespräche ohne Übergabe / alle
-- caveat: a message that nobody answered is a contained conversation
-- caveat[de]: eine Nachricht, die niemand beantwortete, ist ein Gespräch ohne Menschen
SELECT
  segment,
  COUNT(*) FILTER (WHERE NOT with_human) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE handovers_measurable
GROUP BY segment
