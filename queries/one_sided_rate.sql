-- name: One-sided rate
-- name[de]: Rate einseitiger Gespräche
-- meaning: conversations in which only one side spoke, of all conversations
-- meaning[de]: Gespräche, in denen nur eine Seite sprach, von allen Gesprächen
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: replies_measurable
-- follows: Typebot: views without a start; here either side may be the silent one
-- follows[de]: Typebot: Ansichten ohne Beginn; hier kann jede Seite die stumme sein
-- caveat: a conversation that the log's end cuts off may still become two-sided
-- caveat[de]: ein Gespräch, das das Ende des Protokolls abschneidet, kann noch zweiseitig werden
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_inbound = 0 OR n_outbound = 0) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE replies_measurable
GROUP BY segment
