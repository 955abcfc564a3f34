-- name: Active contacts
-- meaning: contacts who wrote, tapped, clicked or reacted in a month, of contacts who had joined by then
-- unit: contact months
-- table: contact_months
-- needs: engagement_measurable
-- follows: retention by calendar months: Braze and Amplitude
-- caveat: a contact counts once in every month since they joined, so ask by month, or by cohort and age; a month that the log does not cover to its end shows too few
SELECT
  segment,
  COUNT(*) FILTER (WHERE active) AS numerator,
  COUNT(*) AS denominator
FROM contact_months
WHERE engagement_measurable
GROUP BY segment
