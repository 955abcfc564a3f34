-- name: Sent after opt-out
-- name[de]: Nach Abmeldung gesendet
-- meaning: messages sent after an opt-out that forbids them, of messages whose sending the log tells and nobody refused
-- meaning[de]: Nachrichten, die nach einer Abmeldung gesendet wurden, die sie verbietet, von Nachrichten, deren Senden das Protokoll nennt und die niemand ablehnte
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- follows: WhatsApp Business and Messenger policies: requests to stop are honoured; one confirmation is customary
-- follows[de]: Richtlinien von WhatsApp Business und Messenger: Bitten um ein Ende wird entsprochen; eine Bestätigung ist üblich
-- caveat: an opt-out inside the same second counts as before the message; a message of no known category is not taken for marketing
-- caveat[de]: eine Abmeldung in derselben Sekunde gilt als vor der Nachricht; eine Nachricht ohne bekannte Kategorie gilt nicht als Werbung
SELECT
  segment,
  COUNT(*) FILTER (WHERE breaks_opt_out) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opt_outs_measurable AND audited
GROUP BY segment
