-- name: Marketing without opt-in
-- name[de]: Werbung ohne Einwilligung
-- meaning: marketing messages sent while no opt-in of the contact was known, of marketing messages
-- meaning[de]: Werbenachrichten, die gesendet wurden, als keine Einwilligung des Kontakts bekannt war, von Werbenachrichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: consent_measurable
-- follows: WhatsApp Business policy and GDPR Art. 7: marketing needs an opt-in that can be shown
-- follows[de]: Richtlinie von WhatsApp Business und DSGVO Art. 7: Werbung braucht eine Einwilligung, die sich nachweisen lässt
-- caveat: only on channels whose log holds all opt-ins; an opt-in that was given elsewhere or before the log began is not known
-- caveat[de]: nur auf Kanälen, deren Protokoll alle Einwilligungen enthält; eine anderswo oder vor Beginn des Protokolls gegebene ist nicht bekannt
SELECT
  segment,
  COUNT(*) FILTER (WHERE breaks_consent) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE consent_measurable
GROUP BY segment
