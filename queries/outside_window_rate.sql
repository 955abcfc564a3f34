-- name: Outside the service window
-- name[de]: Außerhalb des Servicefensters
-- meaning: free-form messages sent later than the channel's service window after the contact's last act, of free-form messages
-- meaning[de]: freie Nachrichten, die später gesendet wurden, als das Servicefenster des Kanals nach der letzten Handlung des Kontakts erlaubt, von freien Nachrichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: window_measurable
-- follows: WhatsApp, Messenger, Instagram and WeChat: customer service windows, dated in src/facts/rules.toml
-- follows[de]: WhatsApp, Messenger, Instagram und WeChat: Servicefenster, mit Datum in src/facts/rules.toml
-- caveat: only where the log tells what contacts do and which messages are templates or bear a tag; acts before the log began are unknown
-- caveat[de]: nur wo das Protokoll sagt, was Kontakte tun und welche Nachrichten Vorlagen sind oder ein Kennzeichen tragen; Handlungen vor Beginn des Protokolls sind unbekannt
SELECT
  segment,
  COUNT(*) FILTER (WHERE breaks_window) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE window_measurable AND is_free_form
GROUP BY segment
