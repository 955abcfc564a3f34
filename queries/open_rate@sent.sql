-- name: Open rate of sent messages
-- name[de]: Öffnungsrate der gesendeten Nachrichten
-- meaning: messages read, of messages sent
-- meaning[de]: gelesene Nachrichten, von gesendeten Nachrichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opens_measurable
-- bounded: opens_bounded
-- vendors: LimeChat (open rate); CometChat (read rate); Framework360 (open rate)
-- follows: LimeChat and CometChat: read / sent
-- follows[de]: LimeChat und CometChat: gelesen / gesendet
-- caveat: lower than the open rate of delivered messages by the share that never arrived
-- caveat[de]: um den Anteil niedriger als die Öffnungsrate der zugestellten, der nie ankam
SELECT
  segment,
  COUNT(*) FILTER (WHERE opened_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_measurable AND NOT suppressed
GROUP BY segment
