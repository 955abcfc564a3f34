-- name: Open rate
-- name[de]: Öffnungsrate
-- meaning: messages read, of messages that reached the contact where reading can be seen
-- meaning[de]: gelesene Nachrichten, von Nachrichten, die den Kontakt erreichten, wo sich das Lesen sehen lässt
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opens_measurable
-- bounded: opens_bounded
-- vendors: Netmera (read rate); Stan.store (open rate); Customer.io (opened)
-- follows: Netmera and Insider: read / delivered
-- follows[de]: Netmera und Insider: gelesen / zugestellt
-- caveat: a lower bound: contacts may switch read receipts off, and a preview is no read; where deliveries are not reported, of messages sent and not refused
-- caveat[de]: eine untere Grenze: Kontakte können Lesebestätigungen abschalten, und eine Vorschau ist kein Lesen; wo Zustellungen nicht gemeldet werden, von gesendeten und nicht abgelehnten Nachrichten
SELECT
  segment,
  COUNT(*) FILTER (WHERE opened_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_measurable AND reached
GROUP BY segment
