-- name: Waiting for people
-- meaning: seconds that contacts who wait for a person, or did so in vain, have waited until the end of the log
-- unit: seconds
-- table: conversations
-- needs: authors_known
-- follows: survival analysis: times that are not over yet
-- caveat: an old wait that nobody ever ended is among them
SELECT
  segment,
  human_waiting_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE human_waiting_s IS NOT NULL
GROUP BY segment, human_waiting_s
