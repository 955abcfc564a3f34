-- name: List shrinkage
-- name[de]: Listenschwund
-- meaning: times that contacts left the list in a month, of contacts on it when the month began
-- meaning[de]: wie oft Kontakte in einem Monat die Liste verließen, von Kontakten, die zu Beginn des Monats darauf waren
-- unit: contact months
-- unit[de]: Kontaktmonate
-- table: contact_months
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- follows: churn: lost subscribers / subscribers at the start of the period
-- follows[de]: Schwund: verlorene Empfänger / Empfänger zu Beginn des Zeitraums
-- caveat: ask by month: over several months, each counts the contacts anew; who joins and leaves in one month is lost, and was not there when it began
-- caveat[de]: nach Monat fragen: über mehrere Monate zählt jeder die Kontakte neu; wer in einem Monat kommt und geht, ist verloren und war zu Beginn nicht da
SELECT
  segment,
  SUM(n_left_soft + n_left_hard) AS numerator,
  COUNT(*) FILTER (WHERE reachable_at_start) AS denominator
FROM contact_months
WHERE opt_outs_measurable
GROUP BY segment
