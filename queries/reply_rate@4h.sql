-- name: Reply rate within 4 hours
-- name[de]: Antwortrate binnen 4 Stunden
-- meaning: messages answered within four hours, of messages that reached the contact
-- meaning[de]: binnen vier Stunden beantwortete Nachrichten, von Nachrichten, die den Kontakt erreichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: replies_measurable
-- vendors: Braze (SMS and RCS replies)
-- follows: Braze: inbound within four hours of the message is its reply
-- follows[de]: Braze: Was binnen vier Stunden nach der Nachricht eingeht, ist ihre Antwort
-- caveat: a shorter reply window in the configuration cuts it further
-- caveat[de]: ein kürzeres Antwortfenster in der Konfiguration kürzt weiter
SELECT
  segment,
  COUNT(*) FILTER (WHERE reply_s <= 14400) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND replies_measurable
GROUP BY segment
