-- name: Unsubscribe rate
-- name[de]: Abmelderate
-- meaning: messages to which an opt-out is attributed, of messages that reached the contact
-- meaning[de]: Nachrichten, denen eine Abmeldung zugerechnet wird, von Nachrichten, die den Kontakt erreichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- vendors: e-mail tools (unsubscribe rate)
-- follows: Iterable and Braze: the last message before the opt-out within a window
-- follows[de]: Iterable und Braze: die letzte Nachricht vor der Abmeldung innerhalb eines Fensters
-- caveat: the attribution window decides; blocks are seen only where the platform tells of them
-- caveat[de]: das Zurechnungsfenster entscheidet; Sperren sind nur zu sehen, wo die Plattform sie meldet
SELECT
  segment,
  COUNT(*) FILTER (WHERE opted_out_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND opt_outs_measurable
GROUP BY segment
