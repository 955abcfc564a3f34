-- name: Engaged contacts
-- meaning: contacts who engaged with an opening of the business in a month, of contacts who had joined by then
-- unit: contact months
-- table: contact_months
-- needs: engagement_measurable
-- follows: retention by calendar months: Braze and Amplitude
-- caveat: a contact counts once in every month since they joined, so ask by month, or by cohort and age; a month in which the business opened no conversation has none
SELECT
  segment,
  COUNT(*) FILTER (WHERE engaged) AS numerator,
  COUNT(*) AS denominator
FROM contact_months
WHERE engagement_measurable
GROUP BY segment
