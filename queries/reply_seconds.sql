-- name: Time to reply
-- name[de]: Zeit bis zur Antwort
-- meaning: seconds from sending to the first answer within the reply window, of messages that reached the contact
-- meaning[de]: Sekunden vom Senden bis zur ersten Antwort innerhalb des Antwortfensters, von Nachrichten, die den Kontakt erreichten
-- unit: seconds
-- unit[de]: Sekunden
-- table: messages
-- needs: replies_measurable
-- follows: PostHog: time to convert
-- follows[de]: PostHog: Zeit bis zum nächsten Schritt
-- caveat: only messages that were answered; with those that are not answered yet, the measure 'reaction_times' tells it without bias
-- caveat[de]: nur beantwortete Nachrichten; mit den noch nicht beantworteten sagt es das Maß „reaction_times“ unverzerrt
SELECT
  segment,
  reply_s AS value,
  COUNT(*) AS n
FROM messages
WHERE reached AND replies_measurable AND reply_s IS NOT NULL
GROUP BY segment, reply_s
