-- name: People's first responses within five minutes
-- name[de]: Erste Reaktionen von Menschen binnen fünf Minuten
-- meaning: waits for a person that ended within five minutes, of all: from the hand-over, or from the message that waited by then
-- meaning[de]: Wartezeiten auf einen Menschen, die binnen fünf Minuten endeten, von allen: von der Übergabe an oder von der Nachricht an, die da schon wartete
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: authors_known
-- follows: Chatwoot: first reply after the first message; the hand-over to a person sets the clock anew
-- follows[de]: Chatwoot: erste Antwort nach der ersten Nachricht; die Übergabe an einen Menschen stellt die Uhr neu
-- caveat: waits that began later than that before the end of the log are left out, answered or not
-- caveat[de]: Wartezeiten, die später als so lange vor dem Ende des Protokolls begannen, sind ausgelassen, beantwortet oder nicht
SELECT
  segment,
  COUNT(*) FILTER (WHERE human_response_s <= 300) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE human_wait_seen_s >= 300 AND authors_known
GROUP BY segment
