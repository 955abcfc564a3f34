-- name: Unsubscribe rate within 3 hours
-- name[de]: Abmelderate binnen 3 Stunden
-- meaning: messages followed by an opt-out within 3 hours, before any other message, of messages that reached the contact
-- meaning[de]: Nachrichten, auf die binnen 3 Stunden und vor jeder anderen Nachricht eine Abmeldung folgte, von Nachrichten, die den Kontakt erreichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- follows: the window of Iterable, whatever the message before it was
-- follows[de]: das Fenster von Iterable, welche Nachricht auch davor kam
-- caveat: later opt-outs belong to no message; a shorter window always gives a lower rate
-- caveat[de]: spätere Abmeldungen gehören zu keiner Nachricht; ein kürzeres Fenster ergibt immer eine niedrigere Rate
SELECT
  segment,
  COUNT(*) FILTER (WHERE opt_out_s <= 10800) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND opt_outs_measurable
GROUP BY segment
