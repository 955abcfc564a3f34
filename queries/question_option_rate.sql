-- name: Declared option rate
-- name[de]: Rate festgelegter Antwortmöglichkeiten
-- meaning: visits at which a declared option was chosen, of visits to questions with declared options whose answer is known
-- meaning[de]: Besuche, bei denen eine festgelegte Antwortmöglichkeit gewählt wurde, von Besuchen solcher Fragen, deren Antwort bekannt ist
-- unit: visits
-- unit[de]: Besuche
-- table: visits
-- follows: options that nobody chooses: by question and chosen_option
-- follows[de]: Antwortmöglichkeiten, die niemand wählt: nach question und chosen_option
-- caveat: the last answer of the visit; logs hold what was chosen, so what was offered has to be declared
-- caveat[de]: die letzte Antwort des Besuchs; Protokolle enthalten, was gewählt wurde, also muss festgelegt sein, was angeboten war
SELECT
  segment,
  COUNT(*) FILTER (WHERE chosen_option IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE option_known
GROUP BY segment
