-- name: Unsubscribe rate within 4 hours
-- name[de]: Abmelderate binnen 4 Stunden
-- meaning: messages followed by an opt-out within 4 hours, before any other message, of messages that reached the contact
-- meaning[de]: Nachrichten, auf die binnen 4 Stunden und vor jeder anderen Nachricht eine Abmeldung folgte, von Nachrichten, die den Kontakt erreichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- vendors: Braze (SMS and RCS opt-outs)
-- follows: Braze: inbound within four hours
-- follows[de]: Braze: binnen vier Stunden eingegangen
-- caveat: later opt-outs belong to no message; a shorter window always gives a lower rate
-- caveat[de]: spätere Abmeldungen gehören zu keiner Nachricht; ein kürzeres Fenster ergibt immer eine niedrigere Rate
SELECT
  segment,
  COUNT(*) FILTER (WHERE opt_out_s <= 14400) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND opt_outs_measurable
GROUP BY segment
