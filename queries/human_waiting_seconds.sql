-- name: Waiting for people
-- name[de]: Warten auf Menschen
-- meaning: seconds that contacts who wait for a person, or did so in vain, have waited until the end of the log
-- meaning[de]: Sekunden, die Kontakte, die auf einen Menschen warten oder vergeblich warteten, bis zum Ende des Protokolls gewartet haben
-- unit: seconds
-- unit[de]: Sekunden
-- table: conversations
-- needs: authors_known
-- follows: survival analysis: times that are not over yet
-- follows[de]: Überlebenszeitanalyse: Zeiten, die noch nicht vorüber sind
-- caveat: an old wait that nobody ever ended is among them
-- caveat[de]: ein altes Warten, das nie jemand beendete, ist darunter
SELECT
  segment,
  human_waiting_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE human_waiting_s IS NOT NULL
GROUP BY segment, human_waiting_s
