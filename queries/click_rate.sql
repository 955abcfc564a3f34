-- name: Click rate
-- meaning: messages clicked at least once, of messages that reached the contact
-- unit: messages
-- table: messages
-- needs: clicks_measurable
-- bounded: clicks_bounded
-- vendors: Reputation (click-through rate); Acoustic (unique click rate)
-- follows: the e-mail convention: unique clicks / delivered
-- caveat: most platforms tell of taps on reply buttons only; a link in a message is seen only with a click log
SELECT
  segment,
  COUNT(*) FILTER (WHERE first_clicked_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND clicks_measurable
GROUP BY segment
