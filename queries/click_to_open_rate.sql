-- name: Click-to-open rate
-- name[de]: Klickrate der geöffneten Nachrichten
-- meaning: messages clicked, of messages opened
-- meaning[de]: geklickte Nachrichten, von geöffneten Nachrichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opens_measurable
-- vendors: Braze (click-to-open rate, e-mail only); Stan.store (CTOR)
-- follows: Braze and Stan.store: unique clicks / unique opens
-- follows[de]: Braze und Stan.store: einmalige Klicks / einmalige Öffnungen
-- caveat: a click without a read receipt is not counted, so receipts switched off do not lower it
-- caveat[de]: ein Klick ohne Lesebestätigung zählt nicht, also senken abgeschaltete Bestätigungen die Rate nicht
SELECT
  segment,
  COUNT(*) FILTER (WHERE first_clicked_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_measurable AND clicks_measurable AND opened_at IS NOT NULL
GROUP BY segment
