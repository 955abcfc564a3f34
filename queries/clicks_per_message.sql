-- name: Clicks per message
-- name[de]: Klicks je Nachricht
-- meaning: all clicks, of messages that reached the contact
-- meaning[de]: alle Klicks, von Nachrichten, die den Kontakt erreichten
-- unit: clicks per message
-- unit[de]: Klicks je Nachricht
-- table: messages
-- needs: clicks_measurable
-- bounded: clicks_bounded
-- vendors: Insider (click rate); Acoustic (gross click rate)
-- follows: Insider: total clicks / delivered
-- follows[de]: Insider: alle Klicks / zugestellt
-- caveat: a ratio, not a share: one message can be clicked many times, so it has no interval
-- caveat[de]: ein Verhältnis, kein Anteil: Eine Nachricht kann oft geklickt werden, deshalb gibt es kein Intervall
SELECT
  segment,
  SUM(n_clicks) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND clicks_measurable
GROUP BY segment
