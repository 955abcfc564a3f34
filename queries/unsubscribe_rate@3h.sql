-- name: Unsubscribe rate within 3 hours
-- meaning: messages followed by an opt-out within 3 hours, before any other message, of messages that reached the contact
-- unit: messages
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- follows: the window of Iterable, whatever the message before it was
-- caveat: later opt-outs belong to no message; a shorter window always gives a lower rate
SELECT
  segment,
  COUNT(*) FILTER (WHERE opt_out_s <= 10800) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND opt_outs_measurable
GROUP BY segment
