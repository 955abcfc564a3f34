-- name: Goal rate
-- name[de]: Zielrate
-- meaning: conversations in which the goal was reached, of conversations that are decided
-- meaning[de]: Gespräche, in denen das Ziel erreicht wurde, von entschiedenen Gesprächen
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: goals_measurable
-- follows: Braze: conversions / recipients, here by conversation
-- follows[de]: Braze: erreichte Ziele / Empfänger, hier nach Gespräch
-- caveat: needs goal events in the log or a rule that tells them
-- caveat[de]: braucht Zielereignisse im Protokoll oder eine Regel, die sie erkennt
SELECT
  segment,
  COUNT(*) FILTER (WHERE goal) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE outcome <> 'open' AND goals_measurable
GROUP BY segment
