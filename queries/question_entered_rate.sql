-- name: Question entered rate
-- name[de]: Eintrittsrate der Frage
-- meaning: visits by which contacts came into the flow, for the first time in the conversation or back from another flow, of all visits
-- meaning[de]: Besuche, mit denen Kontakte in den Ablauf kamen, zum ersten Mal im Gespräch oder aus einem anderen Ablauf zurück, von allen Besuchen
-- unit: visits
-- unit[de]: Besuche
-- table: visits
-- follows: process mining: start activities
-- follows[de]: Prozessanalyse: Anfangsschritte
-- caveat: a contact who comes back after the session gap comes into the flow anew
-- caveat[de]: ein Kontakt, der nach der Gesprächspause wiederkommt, tritt neu in den Ablauf ein
SELECT
  segment,
  COUNT(*) FILTER (WHERE entry IN ('fresh', 'resumed', 'returned')) AS numerator,
  COUNT(*) AS denominator
FROM visits
GROUP BY segment
