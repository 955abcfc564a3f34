-- name: Clicks per sent message
-- name[de]: Klicks je gesendeter Nachricht
-- meaning: all clicks, of messages sent
-- meaning[de]: alle Klicks, von gesendeten Nachrichten
-- unit: clicks per message
-- unit[de]: Klicks je Nachricht
-- table: messages
-- needs: clicks_measurable
-- bounded: clicks_bounded
-- follows: total clicks / sent: what gross click counts are often divided by
-- follows[de]: alle Klicks / gesendet: wodurch Bruttoklicks oft geteilt werden
-- caveat: a ratio, not a share: it has no interval
-- caveat[de]: ein Verhältnis, kein Anteil: Es gibt kein Intervall
SELECT
  segment,
  SUM(n_clicks) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed AND clicks_measurable
GROUP BY segment
