-- name: Delivery pending rate
-- name[de]: Rate ausstehender Zustellungen
-- meaning: messages of which neither a receipt nor a failure is known, of messages sent
-- meaning[de]: Nachrichten, von denen weder eine Bestätigung noch ein Fehler bekannt ist, von gesendeten Nachrichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: deliveries_measurable
-- bounded_above: deliveries_bounded
-- vendors: Insider (delivery pending)
-- follows: Insider and Netmera: sent, less delivered and failed
-- follows[de]: Insider und Netmera: gesendet, abzüglich zugestellt und fehlgeschlagen
-- caveat: falls by itself as receipts come in
-- caveat[de]: sinkt von selbst, sobald Bestätigungen eintreffen
SELECT
  segment,
  COUNT(*) FILTER (WHERE delivered_at IS NULL AND failed_at IS NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE deliveries_measurable AND NOT suppressed
GROUP BY segment
