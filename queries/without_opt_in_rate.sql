-- name: Marketing without opt-in
-- meaning: marketing messages sent while no opt-in of the contact was known, of marketing messages
-- unit: messages
-- table: messages
-- needs: consent_measurable
-- follows: WhatsApp Business policy and GDPR Art. 7: marketing needs an opt-in that can be shown
-- caveat: only on channels whose log holds all opt-ins; an opt-in that was given elsewhere or before the log began is not known
SELECT
  segment,
  COUNT(*) FILTER (WHERE breaks_consent) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE consent_measurable
GROUP BY segment
