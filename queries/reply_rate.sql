-- name: Reply rate
-- name[de]: Antwortrate
-- meaning: messages answered, in writing or by a tap, of messages that reached the contact
-- meaning[de]: schriftlich oder durch Tippen beantwortete Nachrichten, von Nachrichten, die den Kontakt erreichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: replies_measurable
-- follows: Braze: inbound messages within a window count as replies
-- follows[de]: Braze: Eingehende Nachrichten innerhalb eines Fensters zählen als Antworten
-- caveat: an answer that does not point at a message is taken to answer the last one before it; a written stop is an answer too
-- caveat[de]: eine Antwort ohne Bezug auf eine Nachricht gilt der letzten vor ihr; auch ein geschriebenes Stopp ist eine Antwort
SELECT
  segment,
  COUNT(*) FILTER (WHERE first_replied_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND replies_measurable
GROUP BY segment
