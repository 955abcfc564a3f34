-- name: Delivery rate without failures
-- meaning: messages that are not known to have failed, of messages sent
-- unit: messages
-- table: messages
-- bounded_above: failures_bounded
-- vendors: Braze (delivered rate)
-- follows: Braze: (sends - bounces) / sends
-- caveat: what never got a status counts as delivered: higher than the delivery rate while receipts are missing
SELECT
  segment,
  COUNT(*) FILTER (WHERE failed_at IS NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed
GROUP BY segment
