-- name: Age of unresolved conversations
-- name[de]: Alter unerledigter Gespräche
-- meaning: seconds from the contact's first message or tap to the end of the log, while the conversation is neither resolved nor over
-- meaning[de]: Sekunden von der ersten Nachricht oder dem ersten Tippen des Kontakts bis zum Ende des Protokolls, solange das Gespräch weder erledigt noch vorüber ist
-- unit: seconds
-- unit[de]: Sekunden
-- table: conversations
-- needs: resolution_measurable
-- follows: survival analysis: times that are not over yet
-- follows[de]: Überlebenszeitanalyse: Zeiten, die noch nicht vorüber sind
-- caveat: a conversation that is over without a resolution is not among them
-- caveat[de]: ein Gespräch, das ohne Erledigung vorüber ist, ist nicht darunter
SELECT
  segment,
  unresolved_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE unresolved_s IS NOT NULL AND resolution_measurable
GROUP BY segment, unresolved_s
