-- name: List unsubscribe rate
-- meaning: contacts who opted out in the range of time, of contacts who could be written to when it began
-- unit: contacts
-- table: contacts
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- follows: opt-outs / subscribers at the start of the period
-- caveat: contacts first seen inside the range count as reachable at its start
SELECT
  segment,
  COUNT(*) FILTER (WHERE opted_out_in_range) AS numerator,
  COUNT(*) AS denominator
FROM contacts
WHERE reachable_at_start AND opt_outs_measurable
GROUP BY segment
