-- name: Question furthest rate
-- name[de]: Rate der weitesten Frage
-- meaning: conversations that came no further in the flow than this question, of conversations that stood at it
-- meaning[de]: Gespräche, die im Ablauf nicht weiter kamen als bis zu dieser Frage, von Gesprächen, die bei ihr standen
-- unit: conversations at the question
-- unit[de]: Gespräche bei der Frage
-- table: visits
-- follows: one furthest question for each conversation and flow; added up from the end of the flow, they say how many came at least so far
-- follows[de]: eine weiteste Frage je Gespräch und Ablauf; vom Ende des Ablaufs her addiert sagen sie, wie viele mindestens so weit kamen
-- caveat: further means later in the declared order, else reached later for the first time; some of these are still open, and the last question of a flow is everybody's furthest who reached it
-- caveat[de]: weiter heißt später in der festgelegten Reihenfolge, sonst später zum ersten Mal erreicht; manche davon sind noch offen, und die letzte Frage eines Ablaufs ist die weiteste aller, die sie erreichten
SELECT
  segment,
  COUNT(*) FILTER (WHERE is_furthest) AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE is_best
GROUP BY segment
