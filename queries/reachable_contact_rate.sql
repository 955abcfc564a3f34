-- name: Reachable contacts
-- meaning: contacts on the list at the end of a month, of contacts who had joined by then
-- unit: contact months
-- table: contact_months
-- needs: opt_outs_measurable
-- bounded_above: opt_outs_bounded
-- follows: subscribers left / subscribers joined, by cohort
-- caveat: a contact counts once in every month since they joined, so ask by month, or by cohort and age
SELECT
  segment,
  COUNT(*) FILTER (WHERE reachable) AS numerator,
  COUNT(*) AS denominator
FROM contact_months
WHERE opt_outs_measurable
GROUP BY segment
