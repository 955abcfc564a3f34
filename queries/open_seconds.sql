-- name: Time to open
-- name[de]: Zeit bis zum Öffnen
-- meaning: seconds from sending to the first opening, of messages that reached the contact
-- meaning[de]: Sekunden vom Senden bis zum ersten Öffnen, von Nachrichten, die den Kontakt erreichten
-- unit: seconds
-- unit[de]: Sekunden
-- table: messages
-- needs: opens_measurable
-- bounded: opens_bounded
-- follows: PostHog: time to convert
-- follows[de]: PostHog: Zeit bis zum nächsten Schritt
-- caveat: only messages that were opened; with those that are not opened yet, the measure 'reaction_times' tells it without bias
-- caveat[de]: nur geöffnete Nachrichten; mit den noch nicht geöffneten sagt es das Maß „reaction_times“ unverzerrt
SELECT
  segment,
  open_s AS value,
  COUNT(*) AS n
FROM messages
WHERE reached AND opens_measurable AND open_s IS NOT NULL
GROUP BY segment, open_s
