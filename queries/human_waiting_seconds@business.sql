-- name: Waiting for people in business hours
-- meaning: seconds inside business hours that contacts who wait for a person, or did so in vain, have waited until the end of the log
-- unit: seconds
-- table: conversations
-- needs: human_business_measurable
-- follows: survival analysis: times that are not over yet
-- caveat: an old wait that nobody ever ended is among them; hours are those under [service]
SELECT
  segment,
  human_waiting_business_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE human_waiting_business_s IS NOT NULL
GROUP BY segment, human_waiting_business_s
