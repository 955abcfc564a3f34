-- name: Engagement rate by turns
-- name[de]: Beteiligungsrate nach Wortwechseln
-- meaning: conversations of more than three turns, of all conversations; messages in a row of one side are one turn
-- meaning[de]: Gespräche mit mehr als drei Redebeiträgen, von allen Gesprächen; mehrere Nachrichten einer Seite in Folge sind ein Beitrag
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: replies_measurable
-- vendors: Sarvam (engaged)
-- follows: Sarvam: more than 3 turns, so that a greeting with a refusal is left out
-- follows[de]: Sarvam: mehr als 3 Redebeiträge, damit ein Gruß mit einer Absage nicht zählt
-- caveat: Sarvam counts calls that were answered; a conversation that the business began and nobody answered counts here
-- caveat[de]: Sarvam zählt angenommene Anrufe; hier zählt auch ein Gespräch, das das Unternehmen begann und niemand beantwortete
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_turns > 3) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE replies_measurable
GROUP BY segment
