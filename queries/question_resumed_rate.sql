-- name: Question resumed rate
-- meaning: first visits of a conversation to the flow that go on where an earlier conversation had left off, of first visits of a conversation to the flow
-- unit: conversations that entered the flow here
-- table: visits
-- follows: a contact who continues at question k is no new one who begins there
-- caveat: resumed is what does not begin where the flow begins: at its first declared question, else where the contact began the first time; a conversation that was completed is not resumed
SELECT
  segment,
  COUNT(*) FILTER (WHERE entry = 'resumed') AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE entry IN ('fresh', 'resumed')
GROUP BY segment
