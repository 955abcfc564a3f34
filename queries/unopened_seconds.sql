-- name: Time unopened
-- name[de]: Ungeöffnete Zeit
-- meaning: seconds for which messages that reached the contact have stood unopened when the log ends, 7 days at most
-- meaning[de]: Sekunden, die Nachrichten, die den Kontakt erreichten, am Ende des Protokolls ungeöffnet sind, höchstens 7 Tage
-- unit: seconds
-- unit[de]: Sekunden
-- table: messages
-- needs: opens_measurable
-- follows: survival analysis: what has not happened yet is censored, neither lost nor left out
-- follows[de]: Überlebenszeitanalyse: Was noch nicht geschah, ist zensiert, weder verloren noch ausgelassen
-- caveat: whoever switched read receipts off is among them
-- caveat[de]: wer Lesebestätigungen abgeschaltet hat, ist darunter
SELECT
  segment,
  unopened_s AS value,
  COUNT(*) AS n
FROM messages
WHERE reached AND opens_measurable AND unopened_s IS NOT NULL
GROUP BY segment, unopened_s
