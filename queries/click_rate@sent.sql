-- name: Click rate of sent messages
-- meaning: messages clicked at least once, of messages sent
-- unit: messages
-- table: messages
-- needs: clicks_measurable
-- bounded: clicks_bounded
-- vendors: BotHelp (button clicks); Framework360 (clicks)
-- follows: BotHelp and Framework360: clicks / sent
-- caveat: lower than the click rate by the share that never arrived
SELECT
  segment,
  COUNT(*) FILTER (WHERE first_clicked_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed AND clicks_measurable
GROUP BY segment
