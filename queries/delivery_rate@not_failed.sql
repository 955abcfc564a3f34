-- name: Delivery rate without failures
-- name[de]: Zustellrate ohne Fehler
-- meaning: messages that are not known to have failed, of messages sent
-- meaning[de]: Nachrichten, von denen kein Fehler bekannt ist, von gesendeten Nachrichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- bounded_above: failures_bounded
-- vendors: Braze (delivered rate)
-- follows: Braze: (sends - bounces) / sends
-- follows[de]: Braze: (gesendet - abgewiesen) / gesendet
-- caveat: what never got a status counts as delivered: higher than the delivery rate while receipts are missing
-- caveat[de]: was nie einen Status bekam, gilt als zugestellt: höher als die Zustellrate, solange Bestätigungen fehlen
SELECT
  segment,
  COUNT(*) FILTER (WHERE failed_at IS NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed
GROUP BY segment
