-- name: Delivery rate
-- meaning: messages that reached the device, of messages sent
-- unit: messages
-- table: messages
-- needs: deliveries_measurable
-- bounded: deliveries_bounded
-- vendors: Insider (delivery rate); Netmera (delivery rate)
-- follows: Braze and Insider report glossaries: delivered / sent
-- caveat: a receipt may be days late, so the last days look worse than they are; messages that the platform itself withheld are not sent
SELECT
  segment,
  COUNT(*) FILTER (WHERE delivered_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE deliveries_measurable AND NOT suppressed
GROUP BY segment
