-- name: Open rate of sent messages
-- meaning: messages read, of messages sent
-- unit: messages
-- table: messages
-- needs: opens_measurable
-- bounded: opens_bounded
-- vendors: LimeChat (open rate); CometChat (read rate); Framework360 (open rate)
-- follows: LimeChat and CometChat: read / sent
-- caveat: lower than the open rate of delivered messages by the share that never arrived
SELECT
  segment,
  COUNT(*) FILTER (WHERE opened_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_measurable AND NOT suppressed
GROUP BY segment
