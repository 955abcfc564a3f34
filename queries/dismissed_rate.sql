-- name: Dismissed rate
-- meaning: messages opened and then neither clicked nor answered before the next message or the end of the reply window, of messages opened and decided
-- unit: messages
-- table: messages
-- needs: opens_measurable
-- follows: no vendor reports it: read within the window, no click, no reply, before the next send
-- caveat: messages opened shortly before the end of the log are left out until they are decided
SELECT
  segment,
  COUNT(*) FILTER (WHERE dismissed) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_measurable AND dismissal_decided
GROUP BY segment
