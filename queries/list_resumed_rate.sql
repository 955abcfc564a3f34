-- name: List growth by coming back
-- meaning: times that contacts agreed again after an opt-out in a month, of contacts on the list when the month began
-- unit: contact months
-- table: contact_months
-- needs: opt_outs_measurable
-- follows: list growth: reactivated subscribers / subscribers at the start of the period
-- caveat: ask by month: over several months, each counts the contacts anew; who comes back twice counts twice
SELECT
  segment,
  SUM(n_resumed) AS numerator,
  COUNT(*) FILTER (WHERE reachable_at_start) AS denominator
FROM contact_months
WHERE opt_outs_measurable
GROUP BY segment
