-- name: Place of the question
-- name[de]: Platz der Frage
-- meaning: the how-manieth visit of its conversation the first visit to the question was
-- meaning[de]: der wievielte Besuch seines Gesprächs der erste Besuch der Frage war
-- unit: visits
-- unit[de]: Besuche
-- table: visits
-- follows: the order that was observed, where none is declared
-- follows[de]: die beobachtete Reihenfolge, wo keine festgelegt ist
-- caveat: first passes only; questions of other flows in the same conversation count along
-- caveat[de]: nur erste Durchgänge; Fragen anderer Abläufe im selben Gespräch zählen mit
SELECT
  segment,
  position AS value,
  COUNT(*) AS n
FROM visits
WHERE pass = 1
GROUP BY segment, position
