-- name: Active contacts
-- name[de]: Aktive Kontakte
-- meaning: contacts who wrote, tapped, clicked or reacted in a month, of contacts who had joined by then
-- meaning[de]: Kontakte, die in einem Monat schrieben, tippten, klickten oder reagierten, von Kontakten, die bis dahin dazugekommen waren
-- unit: contact months
-- unit[de]: Kontaktmonate
-- table: contact_months
-- needs: engagement_measurable
-- follows: retention by calendar months: Braze and Amplitude
-- follows[de]: Bindung nach Kalendermonaten: Braze und Amplitude
-- caveat: a contact counts once in every month since they joined, so ask by month, or by cohort and age; a month that the log does not cover to its end shows too few
-- caveat[de]: ein Kontakt zählt in jedem Monat seit seinem Beitritt einmal, also nach Monat oder nach Jahrgang und Alter fragen; ein Monat, den das Protokoll nicht bis zum Ende abdeckt, zeigt zu wenige
SELECT
  segment,
  COUNT(*) FILTER (WHERE active) AS numerator,
  COUNT(*) AS denominator
FROM contact_months
WHERE engagement_measurable
GROUP BY segment
