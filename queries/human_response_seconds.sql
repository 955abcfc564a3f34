-- name: First response time of people
-- name[de]: Zeit bis zur ersten Reaktion von Menschen
-- meaning: seconds to a person's first message: from the hand-over, or from the message that waited by then
-- meaning[de]: Sekunden bis zur ersten Nachricht eines Menschen: von der Übergabe an oder von der Nachricht an, die da schon wartete
-- unit: seconds
-- unit[de]: Sekunden
-- table: conversations
-- needs: authors_known
-- follows: Chatwoot: first reply after the first message; the hand-over to a person sets the clock anew
-- follows[de]: Chatwoot: erste Antwort nach der ersten Nachricht; die Übergabe an einen Menschen stellt die Uhr neu
-- caveat: only what was answered; around the clock; one wait in a conversation, its first
-- caveat[de]: nur was beantwortet wurde; rund um die Uhr; ein Warten je Gespräch, das erste
SELECT
  segment,
  human_response_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE human_response_s IS NOT NULL
GROUP BY segment, human_response_s
