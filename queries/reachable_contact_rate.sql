-- name: Reachable contacts
-- name[de]: Erreichbare Kontakte
-- meaning: contacts on the list at the end of a month, of contacts who had joined by then
-- meaning[de]: Kontakte, die am Ende eines Monats auf der Liste sind, von Kontakten, die bis dahin dazugekommen waren
-- unit: contact months
-- unit[de]: Kontaktmonate
-- table: contact_months
-- needs: opt_outs_measurable
-- bounded_above: opt_outs_bounded
-- follows: subscribers left / subscribers joined, by cohort
-- follows[de]: verbliebene Empfänger / beigetretene Empfänger, nach Jahrgang
-- caveat: a contact counts once in every month since they joined, so ask by month, or by cohort and age
-- caveat[de]: ein Kontakt zählt in jedem Monat seit seinem Beitritt einmal, also nach Monat oder nach Jahrgang und Alter fragen
SELECT
  segment,
  COUNT(*) FILTER (WHERE reachable) AS numerator,
  COUNT(*) AS denominator
FROM contact_months
WHERE opt_outs_measurable
GROUP BY segment
