-- name: Reply rate of sent messages
-- name[de]: Antwortrate der gesendeten Nachrichten
-- meaning: messages answered, in writing or by a tap, of messages sent
-- meaning[de]: schriftlich oder durch Tippen beantwortete Nachrichten, von gesendeten Nachrichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: replies_measurable
-- vendors: LimeChat (response rate)
-- follows: LimeChat: replied / sent
-- follows[de]: LimeChat: beantwortet / gesendet
-- caveat: LimeChat counts persons, this counts messages: the same unless a person gets several
-- caveat[de]: LimeChat zählt Personen, hier zählen Nachrichten: dasselbe, solange niemand mehrere bekommt
SELECT
  segment,
  COUNT(*) FILTER (WHERE first_replied_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed AND replies_measurable
GROUP BY segment
