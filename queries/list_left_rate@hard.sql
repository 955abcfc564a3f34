-- name: List shrinkage by blocks
-- meaning: times that contacts left the list in a month by blocking, of contacts on it when the month began
-- unit: contact months
-- table: contact_months
-- needs: blocks_measurable
-- follows: churn: lost subscribers / subscribers at the start of the period
-- caveat: ask by month: over several months, each counts the contacts anew; who joins and leaves in one month is lost, and was not there when it began
SELECT
  segment,
  SUM(n_left_hard) AS numerator,
  COUNT(*) FILTER (WHERE reachable_at_start) AS denominator
FROM contact_months
WHERE blocks_measurable
GROUP BY segment
