-- name: Click-to-open rate
-- meaning: messages clicked, of messages opened
-- unit: messages
-- table: messages
-- needs: opens_measurable
-- vendors: Braze (click-to-open rate, e-mail only); Stan.store (CTOR)
-- follows: Braze and Stan.store: unique clicks / unique opens
-- caveat: a click without a read receipt is not counted, so receipts switched off do not lower it
SELECT
  segment,
  COUNT(*) FILTER (WHERE first_clicked_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_measurable AND clicks_measurable AND opened_at IS NOT NULL
GROUP BY segment
