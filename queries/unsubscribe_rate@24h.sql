-- name: Unsubscribe rate within 24 hours
-- meaning: messages followed by an opt-out within 24 hours, before any other message, of messages that reached the contact
-- unit: messages
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- follows: the default of this program, whatever the configuration says
-- caveat: later opt-outs belong to no message; a shorter window always gives a lower rate
SELECT
  segment,
  COUNT(*) FILTER (WHERE opt_out_s <= 86400) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND opt_outs_measurable
GROUP BY segment
