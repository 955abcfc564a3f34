-- name: Open rate at most
-- name[de]: Öffnungsrate, höchstens
-- meaning: messages read or sent to contacts of whom no read receipt was ever seen, of messages that reached the contact where reading can be seen
-- meaning[de]: Nachrichten, die gelesen wurden oder an Kontakte gingen, von denen nie eine Lesebestätigung zu sehen war, von Nachrichten, die den Kontakt erreichten, wo sich das Lesen sehen lässt
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opens_measurable
-- follows: the upper bound where receipts can be switched off: (read + unmeasurable) / delivered
-- follows[de]: die obere Grenze, wo sich Bestätigungen abschalten lassen: (gelesen + nicht messbar) / zugestellt
-- caveat: assumes that everybody without any receipt reads everything; the true rate lies between the open rate and this
-- caveat[de]: nimmt an, dass alle ohne jede Bestätigung alles lesen; die wahre Rate liegt zwischen der Öffnungsrate und dieser
SELECT
  segment,
  COUNT(*) FILTER (WHERE opened_at IS NOT NULL OR NOT opens_proven) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_measurable AND reached
GROUP BY segment
