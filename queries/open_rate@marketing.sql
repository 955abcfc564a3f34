-- name: Open rate of marketing
-- name[de]: Öffnungsrate der Werbung
-- meaning: marketing messages read, of marketing messages that reached contacts who have sent a read receipt at some time
-- meaning[de]: gelesene Werbenachrichten, von Werbenachrichten an Kontakte, die irgendwann eine Lesebestätigung sandten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opens_measurable
-- bounded: opens_bounded
-- vendors: Meta (read rate)
-- follows: Meta: marketing templates only, without recipients who have switched receipts off
-- follows[de]: Meta: nur Werbevorlagen, ohne Empfänger, die Bestätigungen abgeschaltet haben
-- caveat: messages of no known category are left out; who never opens anything looks like one who switched receipts off
-- caveat[de]: Nachrichten ohne bekannte Kategorie sind ausgelassen; wer nie etwas öffnet, sieht aus wie jemand mit abgeschalteten Bestätigungen
SELECT
  segment,
  COUNT(*) FILTER (WHERE opened_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_proven AND reached AND category IN ('marketing', 'marketing_lite')
GROUP BY segment
