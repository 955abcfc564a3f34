-- name: Declared option rate
-- meaning: visits at which a declared option was chosen, of visits to questions with declared options whose answer is known
-- unit: visits
-- table: visits
-- follows: options that nobody chooses: by question and chosen_option
-- caveat: the last answer of the visit; logs hold what was chosen, so what was offered has to be declared
SELECT
  segment,
  COUNT(*) FILTER (WHERE chosen_option IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE option_known
GROUP BY segment
