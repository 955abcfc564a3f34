-- name: Time to the ending
-- name[de]: Zeit bis zum Ausgang
-- meaning: seconds from the question to the ending of the visit, whatever it was; by ending, the endings that measures of leaving are made of
-- meaning[de]: Sekunden von der Frage bis zum Ausgang des Besuchs, welcher es auch war; nach Ausgang sind es die, aus denen die Maße der Abbrüche bestehen
-- unit: seconds
-- unit[de]: Sekunden
-- table: visits
-- follows: competing risks: every visit ends by one cause, or is still open when the log ends
-- follows[de]: konkurrierende Risiken: Jeder Besuch endet durch eine Ursache oder ist am Ende des Protokolls noch offen
-- caveat: silence shows itself only when the session gap is over; open visits have waited at least this long; answers of which the log tells the order alone are left out
-- caveat[de]: Verstummen zeigt sich erst, wenn die Gesprächspause vorüber ist; offene Besuche haben mindestens so lange gewartet; Antworten, von denen das Protokoll nur die Reihenfolge nennt, sind ausgelassen
SELECT
  segment,
  waited_s AS value,
  COUNT(*) AS n
FROM visits
WHERE waited_s IS NOT NULL
GROUP BY segment, waited_s
