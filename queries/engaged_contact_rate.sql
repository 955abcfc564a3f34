-- name: Engaged contacts
-- name[de]: Beteiligte Kontakte
-- meaning: contacts who engaged with an opening of the business in a month, of contacts who had joined by then
-- meaning[de]: Kontakte, die in einem Monat auf eine Eröffnung des Unternehmens eingingen, von Kontakten, die bis dahin dazugekommen waren
-- unit: contact months
-- unit[de]: Kontaktmonate
-- table: contact_months
-- needs: engagement_measurable
-- follows: retention by calendar months: Braze and Amplitude
-- follows[de]: Bindung nach Kalendermonaten: Braze und Amplitude
-- caveat: a contact counts once in every month since they joined, so ask by month, or by cohort and age; a month in which the business opened no conversation has none
-- caveat[de]: ein Kontakt zählt in jedem Monat seit seinem Beitritt einmal, also nach Monat oder nach Jahrgang und Alter fragen; ein Monat, in dem das Unternehmen kein Gespräch eröffnete, hat keine
SELECT
  segment,
  COUNT(*) FILTER (WHERE engaged) AS numerator,
  COUNT(*) AS denominator
FROM contact_months
WHERE engagement_measurable
GROUP BY segment
