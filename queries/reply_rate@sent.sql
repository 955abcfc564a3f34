-- name: Reply rate of sent messages
-- meaning: messages answered, in writing or by a tap, of messages sent
-- unit: messages
-- table: messages
-- needs: replies_measurable
-- vendors: LimeChat (response rate)
-- follows: LimeChat: replied / sent
-- caveat: LimeChat counts persons, this counts messages: the same unless a person gets several
SELECT
  segment,
  COUNT(*) FILTER (WHERE first_replied_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed AND replies_measurable
GROUP BY segment
