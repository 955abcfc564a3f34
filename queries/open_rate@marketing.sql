-- name: Open rate of marketing
-- meaning: marketing messages read, of marketing messages that reached contacts who have sent a read receipt at some time
-- unit: messages
-- table: messages
-- needs: opens_measurable
-- bounded: opens_bounded
-- vendors: Meta (read rate)
-- follows: Meta: marketing templates only, without recipients who have switched receipts off
-- caveat: messages of no known category are left out; who never opens anything looks like one who switched receipts off
SELECT
  segment,
  COUNT(*) FILTER (WHERE opened_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_proven AND reached AND category IN ('marketing', 'marketing_lite')
GROUP BY segment
