-- name: Question resumed rate
-- name[de]: Fortsetzungsrate der Frage
-- meaning: first visits of a conversation to the flow that go on where an earlier conversation had left off, of first visits of a conversation to the flow
-- meaning[de]: erste Besuche des Ablaufs in einem Gespräch, die dort fortsetzen, wo ein früheres Gespräch aufgehört hatte, von ersten Besuchen des Ablaufs in einem Gespräch
-- unit: conversations that entered the flow here
-- unit[de]: Gespräche, die hier in den Ablauf eintraten
-- table: visits
-- follows: a contact who continues at question k is no new one who begins there
-- follows[de]: ein Kontakt, der bei Frage k fortsetzt, ist kein neuer, der dort beginnt
-- caveat: resumed is what does not begin where the flow begins: at its first declared question, else where the contact began the first time; a conversation that was completed is not resumed
-- caveat[de]: fortgesetzt ist, was nicht dort beginnt, wo der Ablauf beginnt: bei seiner ersten festgelegten Frage, sonst wo der Kontakt beim ersten Mal begann; ein abgeschlossenes Gespräch wird nicht fortgesetzt
SELECT
  segment,
  COUNT(*) FILTER (WHERE entry = 'resumed') AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE entry IN ('fresh', 'resumed')
GROUP BY segment
