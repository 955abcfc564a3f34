-- name: People's first responses within a minute
-- meaning: waits for a person that ended within a minute, of all: from the hand-over, or from the message that waited by then
-- unit: conversations
-- table: conversations
-- needs: authors_known
-- follows: Chatwoot: first reply after the first message; the hand-over to a person sets the clock anew
-- caveat: waits that began later than that before the end of the log are left out, answered or not
SELECT
  segment,
  COUNT(*) FILTER (WHERE human_response_s <= 60) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE human_wait_seen_s >= 60 AND authors_known
GROUP BY segment
