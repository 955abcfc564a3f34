-- name: Messages lost in loops
-- name[de]: In Schleifen verlorene Nachrichten
-- meaning: messages, taps and clicks of both sides from standing at a question the first time to standing there again the last time
-- meaning[de]: Nachrichten, Tipper und Klicks beider Seiten vom ersten Stehen an einer Frage bis zum letzten Wiederkommen
-- unit: messages
-- unit[de]: Nachrichten
-- table: visits
-- follows: process mining: rework
-- follows[de]: Prozessanalyse: Nacharbeit
-- caveat: only loops; the prompt that closes the circle is among them
-- caveat[de]: nur Schleifen; die Frage, die den Kreis schließt, ist dabei
SELECT
  segment,
  n_loop_acts AS value,
  COUNT(*) AS n
FROM visits
WHERE n_loop_acts IS NOT NULL
GROUP BY segment, n_loop_acts
