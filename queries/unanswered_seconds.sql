-- name: Time unanswered
-- name[de]: Unbeantwortete Zeit
-- meaning: seconds for which messages that reached the contact have stood unanswered when the log ends, the reply window at most
-- meaning[de]: Sekunden, die Nachrichten, die den Kontakt erreichten, am Ende des Protokolls unbeantwortet sind, höchstens das Antwortfenster
-- unit: seconds
-- unit[de]: Sekunden
-- table: messages
-- needs: replies_measurable
-- follows: survival analysis: what has not happened yet is censored, neither lost nor left out
-- follows[de]: Überlebenszeitanalyse: Was noch nicht geschah, ist zensiert, weder verloren noch ausgelassen
-- caveat: messages that ask for no answer are among them
-- caveat[de]: Nachrichten, die keine Antwort verlangen, sind darunter
SELECT
  segment,
  unanswered_s AS value,
  COUNT(*) AS n
FROM messages
WHERE reached AND replies_measurable AND unanswered_s IS NOT NULL
GROUP BY segment, unanswered_s
