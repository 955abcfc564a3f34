-- name: Unsubscribes per message
-- name[de]: Abmeldungen je Nachricht
-- meaning: all opt-outs after messages, repeated ones of the same contact too, of messages that reached the contact
-- meaning[de]: alle Abmeldungen nach Nachrichten, auch wiederholte desselben Kontakts, von Nachrichten, die den Kontakt erreichten
-- unit: opt-outs per message
-- unit[de]: Abmeldungen je Nachricht
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- vendors: BotHelp (unsubscribes); Iterable (total unsubscribes)
-- follows: BotHelp and Iterable: three unsubscribes of one person count three times
-- follows[de]: BotHelp und Iterable: Drei Abmeldungen einer Person zählen dreimal
-- caveat: a ratio, not a share: a contact who writes stop three times counts three times, so it has no interval
-- caveat[de]: ein Verhältnis, kein Anteil: Ein Kontakt, der dreimal Stopp schreibt, zählt dreimal, deshalb gibt es kein Intervall
SELECT
  segment,
  SUM(n_opt_outs) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND opt_outs_measurable
GROUP BY segment
