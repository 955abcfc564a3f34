-- name: Unsubscribe rate of sent messages
-- name[de]: Abmelderate der gesendeten Nachrichten
-- meaning: messages to which an opt-out is attributed, of messages sent
-- meaning[de]: Nachrichten, denen eine Abmeldung zugerechnet wird, von gesendeten Nachrichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- vendors: Roezan (opt-out rate)
-- follows: Roezan: opted out / sent to
-- follows[de]: Roezan: abgemeldet / angeschrieben
-- caveat: Roezan counts contacts in 7 or 30 days: ask for that range
-- caveat[de]: Roezan zählt Kontakte in 7 oder 30 Tagen: nach diesem Zeitraum fragen
SELECT
  segment,
  COUNT(*) FILTER (WHERE opted_out_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed AND opt_outs_measurable
GROUP BY segment
