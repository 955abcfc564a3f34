-- name: Engagement rate by second message
-- name[de]: Beteiligungsrate nach zweiter Nachricht
-- meaning: conversations in which the contact wrote or tapped at least twice, of all conversations
-- meaning[de]: Gespräche, in denen der Kontakt mindestens zweimal schrieb oder tippte, von allen Gesprächen
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: replies_measurable
-- vendors: Botfront (engagement)
-- follows: Botfront: conversations with at least one user utterance, the first left aside because the channel itself may send it
-- follows[de]: Botfront: Gespräche mit mindestens einer Äußerung, die erste außer Acht gelassen, weil der Kanal selbst sie senden kann
-- caveat: Botfront lets its user choose how many utterances there must be; this is the smallest choice
-- caveat[de]: Botfront lässt wählen, wie viele Äußerungen es sein müssen; dies ist die kleinste Wahl
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_written > 1) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE replies_measurable
GROUP BY segment
