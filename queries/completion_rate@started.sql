-- name: Completion rate of all started
-- name[de]: Abschlussrate aller begonnenen
-- meaning: conversations that reached the end of their flow or their goal, of all conversations in a flow
-- meaning[de]: Gespräche, die das Ende ihres Ablaufs oder ihr Ziel erreichten, von allen Gesprächen in einem Ablauf
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- vendors: Typebot (completion rate)
-- follows: Typebot: completed / started, those still under way included
-- follows[de]: Typebot: abgeschlossen / begonnen, die noch laufenden eingeschlossen
-- caveat: rises by itself in the days after a campaign
-- caveat[de]: steigt in den Tagen nach einer Kampagne von selbst
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome = 'completed') AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE in_flow
GROUP BY segment
