-- name: Time lost in loops
-- name[de]: In Schleifen verlorene Zeit
-- meaning: seconds from standing at a question the first time to standing there again the last time
-- meaning[de]: Sekunden vom ersten Stehen an einer Frage bis zum letzten Wiederkommen
-- unit: seconds
-- unit[de]: Sekunden
-- table: visits
-- follows: process mining: rework time
-- follows[de]: Prozessanalyse: Zeit der Nacharbeit
-- caveat: only loops; longer circles over three or more questions are not seen
-- caveat[de]: nur Schleifen; längere Kreise über drei oder mehr Fragen sind nicht zu sehen
SELECT
  segment,
  loop_s AS value,
  COUNT(*) AS n
FROM visits
WHERE loop_s IS NOT NULL
GROUP BY segment, loop_s
