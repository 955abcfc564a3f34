-- name: Delivery rate
-- name[de]: Zustellrate
-- meaning: messages that reached the device, of messages sent
-- meaning[de]: Nachrichten, die das Gerät erreichten, von gesendeten Nachrichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: deliveries_measurable
-- bounded: deliveries_bounded
-- vendors: Insider (delivery rate); Netmera (delivery rate)
-- follows: Braze and Insider report glossaries: delivered / sent
-- follows[de]: Glossare der Berichte von Braze und Insider: zugestellt / gesendet
-- caveat: a receipt may be days late, so the last days look worse than they are; messages that the platform itself withheld are not sent
-- caveat[de]: eine Bestätigung kann Tage später kommen, also sehen die letzten Tage schlechter aus, als sie sind; Nachrichten, die die Plattform selbst zurückhielt, gelten nicht als gesendet
SELECT
  segment,
  COUNT(*) FILTER (WHERE delivered_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE deliveries_measurable AND NOT suppressed
GROUP BY segment
