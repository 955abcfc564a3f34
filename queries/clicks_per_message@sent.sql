-- name: Clicks per sent message
-- meaning: all clicks, of messages sent
-- unit: clicks per message
-- table: messages
-- needs: clicks_measurable
-- bounded: clicks_bounded
-- follows: total clicks / sent: what gross click counts are often divided by
-- caveat: a ratio, not a share: it has no interval
SELECT
  segment,
  SUM(n_clicks) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed AND clicks_measurable
GROUP BY segment
