-- name: Loops with the same answer
-- name[de]: Schleifen mit derselben Antwort
-- meaning: loops in which the question got the same answer twice in succession, of loops of which at least two answers are known
-- meaning[de]: Schleifen, in denen die Frage zweimal nacheinander dieselbe Antwort bekam, von Schleifen mit mindestens zwei bekannten Antworten
-- unit: loops
-- unit[de]: Schleifen
-- table: visits
-- follows: repeated-answer loops: the bot refuses what the contact means
-- follows[de]: Schleifen mit wiederholter Antwort: Der Bot weist zurück, was der Kontakt meint
-- caveat: answers are options and payloads; written ones are known only where the privacy setting keeps text
-- caveat[de]: Antworten sind Antwortmöglichkeiten und Knopfdaten; geschriebene sind nur bekannt, wo die Einstellung zum Datenschutz Text aufbewahrt
SELECT
  segment,
  COUNT(*) FILTER (WHERE loop_answers = 'same') AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE loop_answers IS NOT NULL
GROUP BY segment
