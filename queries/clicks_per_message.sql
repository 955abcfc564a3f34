-- name: Clicks per message
-- meaning: all clicks, of messages that reached the contact
-- unit: clicks per message
-- table: messages
-- needs: clicks_measurable
-- bounded: clicks_bounded
-- vendors: Insider (click rate); Acoustic (gross click rate)
-- follows: Insider: total clicks / delivered
-- caveat: a ratio, not a share: one message can be clicked many times, so it has no interval
SELECT
  segment,
  SUM(n_clicks) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND clicks_measurable
GROUP BY segment
