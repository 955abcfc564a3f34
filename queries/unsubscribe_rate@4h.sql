-- name: Unsubscribe rate within 4 hours
-- meaning: messages followed by an opt-out within 4 hours, before any other message, of messages that reached the contact
-- unit: messages
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- vendors: Braze (SMS and RCS opt-outs)
-- follows: Braze: inbound within four hours
-- caveat: later opt-outs belong to no message; a shorter window always gives a lower rate
SELECT
  segment,
  COUNT(*) FILTER (WHERE opt_out_s <= 14400) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND opt_outs_measurable
GROUP BY segment
