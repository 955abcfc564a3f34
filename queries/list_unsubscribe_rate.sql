-- name: List unsubscribe rate
-- name[de]: Abmelderate der Liste
-- meaning: contacts who opted out in the range of time, of contacts who could be written to when it began or were first seen in it
-- meaning[de]: Kontakte, die sich im Zeitraum abmeldeten, von Kontakten, die zu seinem Beginn angeschrieben werden konnten oder in ihm zuerst gesehen wurden
-- unit: contacts
-- unit[de]: Kontakte
-- table: contacts
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- follows: opt-outs / subscribers at the start of the period
-- follows[de]: Abmeldungen / Empfänger zu Beginn des Zeitraums
-- caveat: an opt-out of any account makes the contact unreachable; whoever came in the range had less time to opt out
-- caveat[de]: eine Abmeldung von irgendeinem Konto macht den Kontakt unerreichbar; wer im Zeitraum kam, hatte weniger Zeit zur Abmeldung
SELECT
  segment,
  COUNT(*) FILTER (WHERE opted_out_in_range) AS numerator,
  COUNT(*) AS denominator
FROM contacts
WHERE reachable_at_start AND opt_outs_measurable
GROUP BY segment
