-- name: List growth by coming back
-- name[de]: Listenwachstum durch Rückkehr
-- meaning: times that contacts agreed again after an opt-out in a month, of contacts on the list when the month began
-- meaning[de]: wie oft Kontakte in einem Monat nach einer Abmeldung wieder einwilligten, von Kontakten, die zu Beginn des Monats auf der Liste waren
-- unit: contact months
-- unit[de]: Kontaktmonate
-- table: contact_months
-- needs: opt_outs_measurable
-- follows: list growth: reactivated subscribers / subscribers at the start of the period
-- follows[de]: Listenwachstum: zurückgewonnene Empfänger / Empfänger zu Beginn des Zeitraums
-- caveat: ask by month: over several months, each counts the contacts anew; who comes back twice counts twice
-- caveat[de]: nach Monat fragen: über mehrere Monate zählt jeder die Kontakte neu; wer zweimal wiederkommt, zählt zweimal
SELECT
  segment,
  SUM(n_resumed) AS numerator,
  COUNT(*) FILTER (WHERE reachable_at_start) AS denominator
FROM contact_months
WHERE opt_outs_measurable
GROUP BY segment
