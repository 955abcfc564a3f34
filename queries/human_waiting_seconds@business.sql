-- name: Waiting for people in business hours
-- name[de]: Warten auf Menschen in Geschäftszeiten
-- meaning: seconds inside business hours that contacts who wait for a person, or did so in vain, have waited until the end of the log
-- meaning[de]: Sekunden innerhalb der Geschäftszeiten, die Kontakte, die auf einen Menschen warten oder vergeblich warteten, bis zum Ende des Protokolls gewartet haben
-- unit: seconds
-- unit[de]: Sekunden
-- table: conversations
-- needs: human_business_measurable
-- follows: survival analysis: times that are not over yet
-- follows[de]: Überlebenszeitanalyse: Zeiten, die noch nicht vorüber sind
-- caveat: an old wait that nobody ever ended is among them; hours are those under [service]
-- caveat[de]: ein altes Warten, das nie jemand beendete, ist darunter; es gelten die Zeiten unter [service]
SELECT
  segment,
  human_waiting_business_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE human_waiting_business_s IS NOT NULL
GROUP BY segment, human_waiting_business_s
