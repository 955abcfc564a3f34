-- name: Delivery pending rate
-- meaning: messages of which neither a receipt nor a failure is known, of messages sent
-- unit: messages
-- table: messages
-- needs: deliveries_measurable
-- bounded_above: deliveries_bounded
-- vendors: Insider (delivery pending)
-- follows: Insider and Netmera: sent, less delivered and failed
-- caveat: falls by itself as receipts come in
SELECT
  segment,
  COUNT(*) FILTER (WHERE delivered_at IS NULL AND failed_at IS NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE deliveries_measurable AND NOT suppressed
GROUP BY segment
