-- name: Time unanswered
-- meaning: seconds for which messages that reached the contact have stood unanswered when the log ends, the reply window at most
-- unit: seconds
-- table: messages
-- needs: replies_measurable
-- follows: survival analysis: what has not happened yet is censored, neither lost nor left out
-- caveat: messages that ask for no answer are among them
SELECT
  segment,
  unanswered_s AS value,
  COUNT(*) AS n
FROM messages
WHERE reached AND replies_measurable AND unanswered_s IS NOT NULL
GROUP BY segment, unanswered_s
