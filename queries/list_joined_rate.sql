-- name: List growth by joining
-- name[de]: Listenwachstum durch neue Kontakte
-- meaning: contacts who came onto the list in a month, of contacts on it when the month began
-- meaning[de]: Kontakte, die in einem Monat auf die Liste kamen, von Kontakten, die zu Beginn des Monats darauf waren
-- unit: contact months
-- unit[de]: Kontaktmonate
-- table: contact_months
-- needs: opt_outs_measurable
-- follows: list growth: new subscribers / subscribers at the start of the period
-- follows[de]: Listenwachstum: neue Empfänger / Empfänger zu Beginn des Zeitraums
-- caveat: ask by month: over several months, each counts the contacts anew; in the log's first month everybody is new
-- caveat[de]: nach Monat fragen: über mehrere Monate zählt jeder die Kontakte neu; im ersten Monat des Protokolls sind alle neu
SELECT
  segment,
  COUNT(*) FILTER (WHERE joined) AS numerator,
  COUNT(*) FILTER (WHERE reachable_at_start) AS denominator
FROM contact_months
WHERE opt_outs_measurable
GROUP BY segment
