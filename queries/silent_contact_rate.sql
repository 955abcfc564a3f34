-- name: Silent contact rate
-- name[de]: Rate stummer Kontakte
-- meaning: contacts first seen in the range of time who never did anything, of all contacts first seen in it
-- meaning[de]: im Zeitraum zuerst gesehene Kontakte, die nie etwas taten, von allen in ihm zuerst gesehenen Kontakten
-- unit: contacts
-- unit[de]: Kontakte
-- table: contacts
-- needs: engagement_measurable
-- bounded_above: engagement_bounded
-- follows: BotHelp: subscribers who never replied
-- follows[de]: BotHelp: Empfänger, die nie antworteten
-- caveat: a contact counts by the day of their first event, and may still answer
-- caveat[de]: ein Kontakt zählt nach dem Tag seines ersten Ereignisses und kann noch antworten
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_inbound = 0) AS numerator,
  COUNT(*) AS denominator
FROM contacts
WHERE is_new AND engagement_measurable
GROUP BY segment
