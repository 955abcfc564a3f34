-- name: Time unopened
-- meaning: seconds for which messages that reached the contact have stood unopened when the log ends, 7 days at most
-- unit: seconds
-- table: messages
-- needs: opens_measurable
-- follows: survival analysis: what has not happened yet is censored, neither lost nor left out
-- caveat: whoever switched read receipts off is among them
SELECT
  segment,
  unopened_s AS value,
  COUNT(*) AS n
FROM messages
WHERE reached AND opens_measurable AND unopened_s IS NOT NULL
GROUP BY segment, unopened_s
