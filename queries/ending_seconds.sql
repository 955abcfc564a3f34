-- name: Time to the ending
-- meaning: seconds from the question to the ending of the visit, whatever it was; by ending, the endings that measures of leaving are made of
-- unit: seconds
-- table: visits
-- follows: competing risks: every visit ends by one cause, or is still open when the log ends
-- caveat: silence shows itself only when the session gap is over; open visits have waited at least this long; answers of which the log tells the order alone are left out
SELECT
  segment,
  waited_s AS value,
  COUNT(*) AS n
FROM visits
WHERE waited_s IS NOT NULL
GROUP BY segment, waited_s
