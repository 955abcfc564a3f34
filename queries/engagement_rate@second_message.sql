-- name: Engagement rate by second message
-- meaning: conversations in which the contact wrote or tapped at least twice, of all conversations
-- unit: conversations
-- table: conversations
-- needs: replies_measurable
-- vendors: Botfront (engagement)
-- follows: Botfront: conversations with at least one user utterance, the first left aside because the channel itself may send it
-- caveat: Botfront lets its user choose how many utterances there must be; this is the smallest choice
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_written > 1) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE replies_measurable
GROUP BY segment
