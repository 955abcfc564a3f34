-- name: Question loop rate
-- meaning: visits in which the contact stood at the question for the third time or came back by the way they had gone, of all visits
-- unit: visits
-- table: visits
-- follows: process mining: loops of length one (A-A-A) and two (A-B-A)
-- caveat: a bot that offers a menu again and again loops by design
SELECT
  segment,
  COUNT(*) FILTER (WHERE loop_kind IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM visits
GROUP BY segment
