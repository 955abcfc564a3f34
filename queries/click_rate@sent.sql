-- name: Click rate of sent messages
-- name[de]: Klickrate der gesendeten Nachrichten
-- meaning: messages clicked at least once, of messages sent
-- meaning[de]: Nachrichten, die mindestens einmal geklickt wurden, von gesendeten Nachrichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: clicks_measurable
-- bounded: clicks_bounded
-- vendors: BotHelp (button clicks); Framework360 (clicks)
-- follows: BotHelp and Framework360: clicks / sent
-- follows[de]: BotHelp und Framework360: Klicks / gesendet
-- caveat: lower than the click rate by the share that never arrived
-- caveat[de]: um den Anteil niedriger als die Klickrate, der nie ankam
SELECT
  segment,
  COUNT(*) FILTER (WHERE first_clicked_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed AND clicks_measurable
GROUP BY segment
