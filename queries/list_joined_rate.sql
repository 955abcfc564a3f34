-- name: List growth by joining
-- meaning: contacts who came onto the list in a month, of contacts on it when the month began
-- unit: contact months
-- table: contact_months
-- needs: opt_outs_measurable
-- follows: list growth: new subscribers / subscribers at the start of the period
-- caveat: ask by month: over several months, each counts the contacts anew; in the log's first month everybody is new
SELECT
  segment,
  COUNT(*) FILTER (WHERE joined) AS numerator,
  COUNT(*) FILTER (WHERE reachable_at_start) AS denominator
FROM contact_months
WHERE opt_outs_measurable
GROUP BY segment
