-- name: Open rate at most
-- meaning: messages read or sent to contacts of whom no read receipt was ever seen, of messages that reached the contact where reading can be seen
-- unit: messages
-- table: messages
-- needs: opens_measurable
-- follows: the upper bound where receipts can be switched off: (read + unmeasurable) / delivered
-- caveat: assumes that everybody without any receipt reads everything; the true rate lies between the open rate and this
SELECT
  segment,
  COUNT(*) FILTER (WHERE opened_at IS NOT NULL OR NOT opens_proven) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_measurable AND reached
GROUP BY segment
