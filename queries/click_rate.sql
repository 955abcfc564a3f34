-- name: Click rate
-- name[de]: Klickrate
-- meaning: messages clicked at least once, of messages that reached the contact
-- meaning[de]: Nachrichten, die mindestens einmal geklickt wurden, von Nachrichten, die den Kontakt erreichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: clicks_measurable
-- bounded: clicks_bounded
-- vendors: Reputation (click-through rate); Acoustic (unique click rate)
-- follows: the e-mail convention: unique clicks / delivered
-- follows[de]: die Zählweise bei E-Mail: einmalige Klicks / zugestellt
-- caveat: most platforms tell of taps on reply buttons only; a link in a message is seen only with a click log
-- caveat[de]: die meisten Plattformen melden nur das Tippen auf Antwortknöpfe; ein Link in einer Nachricht ist nur mit einem Klickprotokoll zu sehen
SELECT
  segment,
  COUNT(*) FILTER (WHERE first_clicked_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND clicks_measurable
GROUP BY segment
