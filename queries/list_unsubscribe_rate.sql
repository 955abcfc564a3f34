-- name: List unsubscribe rate
-- meaning: contacts who opted out in the range of time, of contacts who could be written to when it began or were first seen in it
-- unit: contacts
-- table: contacts
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- follows: opt-outs / subscribers at the start of the period
-- caveat: an opt-out of any account makes the contact unreachable; whoever came in the range had less time to opt out
SELECT
  segment,
  COUNT(*) FILTER (WHERE opted_out_in_range) AS numerator,
  COUNT(*) AS denominator
FROM contacts
WHERE reachable_at_start AND opt_outs_measurable
GROUP BY segment
