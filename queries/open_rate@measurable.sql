-- name: Open rate of contacts with receipts
-- name[de]: Öffnungsrate der Kontakte mit Lesebestätigung
-- meaning: messages read, of messages that reached contacts who have sent a read receipt at some time
-- meaning[de]: gelesene Nachrichten, von Nachrichten an Kontakte, die irgendwann eine Lesebestätigung sandten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opens_measurable
-- vendors: Insider (open rate)
-- follows: Insider: recipients with receipts switched off are left out
-- follows[de]: Insider: Empfänger mit abgeschalteten Bestätigungen sind ausgelassen
-- caveat: who never opens anything looks like one who switched receipts off, so this is too high where many never open
-- caveat[de]: wer nie etwas öffnet, sieht aus wie jemand mit abgeschalteten Bestätigungen, also ist sie zu hoch, wo viele nie öffnen
SELECT
  segment,
  COUNT(*) FILTER (WHERE opened_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_proven AND reached
GROUP BY segment
