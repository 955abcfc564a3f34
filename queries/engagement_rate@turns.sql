-- name: Engagement rate by turns
-- meaning: conversations of more than three turns, of all conversations; messages in a row of one side are one turn
-- unit: conversations
-- table: conversations
-- needs: replies_measurable
-- vendors: Sarvam (engaged)
-- follows: Sarvam: more than 3 turns, so that a greeting with a refusal is left out
-- caveat: Sarvam counts calls that were answered; a conversation that the business began and nobody answered counts here
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_turns > 3) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE replies_measurable
GROUP BY segment
