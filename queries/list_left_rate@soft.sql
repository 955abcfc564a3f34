-- name: List shrinkage by stops
-- meaning: times that contacts left the list in a month by saying stop, of contacts on it when the month began
-- unit: contact months
-- table: contact_months
-- needs: stops_measurable
-- follows: churn: lost subscribers / subscribers at the start of the period
-- caveat: ask by month: over several months, each counts the contacts anew; who joins and leaves in one month is lost, and was not there when it began
SELECT
  segment,
  SUM(n_left_soft) AS numerator,
  COUNT(*) FILTER (WHERE reachable_at_start) AS denominator
FROM contact_months
WHERE stops_measurable
GROUP BY segment
