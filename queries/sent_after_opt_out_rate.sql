-- name: Sent after opt-out
-- meaning: messages sent after an opt-out that forbids them, of messages whose sending the log tells and nobody refused
-- unit: messages
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- follows: WhatsApp Business and Messenger policies: requests to stop are honoured; one confirmation is customary
-- caveat: an opt-out inside the same second counts as before the message; a message of no known category is not taken for marketing
SELECT
  segment,
  COUNT(*) FILTER (WHERE breaks_opt_out) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opt_outs_measurable AND audited
GROUP BY segment
