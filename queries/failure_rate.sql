-- name: Failure rate
-- name[de]: Fehlerrate
-- meaning: messages that failed, of all messages sent, on every channel
-- meaning[de]: fehlgeschlagene Nachrichten, von allen gesendeten Nachrichten, auf jedem Kanal
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- bounded: failures_bounded
-- vendors: Braze (failure rate)
-- follows: Meta and Twilio: the status 'failed', counted only where nothing was delivered afterwards
-- follows[de]: Meta und Twilio: der Status eines Fehlschlags, nur gezählt, wo danach nichts zugestellt wurde
-- caveat: a channel without receipts tells of a failure only while sending; withheld (suppressed) messages are left out
-- caveat[de]: ein Kanal ohne Bestätigungen meldet Fehler nur beim Senden; zurückgehaltene Nachrichten sind ausgelassen
SELECT
  segment,
  COUNT(*) FILTER (WHERE failed_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed
GROUP BY segment
