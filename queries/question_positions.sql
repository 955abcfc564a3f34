-- name: Place of the question
-- meaning: the how-manieth visit of its conversation the first visit to the question was
-- unit: visits
-- table: visits
-- follows: the order that was observed, where none is declared
-- caveat: first passes only; questions of other flows in the same conversation count along
SELECT
  segment,
  position AS value,
  COUNT(*) AS n
FROM visits
WHERE pass = 1
GROUP BY segment, position
