-- name: Unsubscribe rate by last campaign
-- name[de]: Abmelderate nach letzter Kampagne
-- meaning: campaign messages that were the last of any campaign before an opt-out, however long before, of campaign messages that reached the contact
-- meaning[de]: Kampagnennachrichten, die vor einer Abmeldung die letzten irgendeiner Kampagne waren, gleich wie lange davor, von Kampagnennachrichten, die den Kontakt erreichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- follows: last touch without a window
-- follows[de]: letzte Berührung ohne Fenster
-- caveat: opt-outs long after a campaign are laid at its door
-- caveat[de]: Abmeldungen lange nach einer Kampagne werden ihr angelastet
SELECT
  segment,
  COUNT(*) FILTER (WHERE campaign_opt_out_s IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND opt_outs_measurable AND campaign IS NOT NULL
GROUP BY segment
