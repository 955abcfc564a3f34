-- name: Unsubscribe rate by last campaign within 3 hours
-- name[de]: Abmelderate nach letzter Kampagne binnen 3 Stunden
-- meaning: campaign messages that were the last of any campaign before an opt-out within 3 hours, of campaign messages that reached the contact
-- meaning[de]: Kampagnennachrichten, die vor einer Abmeldung binnen 3 Stunden die letzten irgendeiner Kampagne waren, von Kampagnennachrichten, die den Kontakt erreichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- vendors: Iterable (SMS unsubscribes)
-- follows: Iterable: the last campaign within three hours before, else none
-- follows[de]: Iterable: die letzte Kampagne binnen drei Stunden davor, sonst keine
-- caveat: a message of no campaign in between changes nothing; later opt-outs belong to no campaign
-- caveat[de]: eine Nachricht ohne Kampagne dazwischen ändert nichts; spätere Abmeldungen gehören zu keiner Kampagne
SELECT
  segment,
  COUNT(*) FILTER (WHERE campaign_opt_out_s <= 10800) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND opt_outs_measurable AND campaign IS NOT NULL
GROUP BY segment
