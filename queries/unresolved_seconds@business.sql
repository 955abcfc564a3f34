-- name: Age of unresolved conversations in business hours
-- name[de]: Alter unerledigter Gespräche in Geschäftszeiten
-- meaning: seconds inside business hours from the contact's first message or tap to the end of the log, while the conversation is neither resolved nor over
-- meaning[de]: Sekunden innerhalb der Geschäftszeiten von der ersten Nachricht oder dem ersten Tippen des Kontakts bis zum Ende des Protokolls, solange das Gespräch weder erledigt noch vorüber ist
-- unit: seconds
-- unit[de]: Sekunden
-- table: conversations
-- needs: business_measurable
-- follows: survival analysis: times that are not over yet
-- follows[de]: Überlebenszeitanalyse: Zeiten, die noch nicht vorüber sind
-- caveat: a conversation that is over without a resolution is not among them; hours are those under [service]
-- caveat[de]: ein Gespräch, das ohne Erledigung vorüber ist, ist nicht darunter; es gelten die Zeiten unter [service]
SELECT
  segment,
  unresolved_business_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE unresolved_business_s IS NOT NULL AND resolution_measurable
GROUP BY segment, unresolved_business_s
