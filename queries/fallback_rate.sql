-- name: Fallback rate
-- name[de]: Rate des Nichtverstehens
-- meaning: conversations in which the bot did not understand at least once, of conversations in which the contact did something
-- meaning[de]: Gespräche, in denen der Bot mindestens einmal nicht verstand, von Gesprächen, in denen der Kontakt etwas tat
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: fallbacks_measurable
-- vendors: Botfront (conversations with fallback)
-- follows: Botfront: conversations with at least one fallback
-- follows[de]: Botfront: Gespräche mit mindestens einem Nichtverstehen
-- caveat: needs fallback events in the log or a rule that tells them
-- caveat[de]: braucht Ereignisse des Nichtverstehens im Protokoll oder eine Regel, die sie erkennt
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_fallback > 0) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_inbound > 0 AND fallbacks_measurable
GROUP BY segment
