-- name: Resolution rate
-- name[de]: Erledigungsrate
-- meaning: conversations with a goal, the end of a flow or the last answer of a declared flow after the contact's first message or tap, of those that have one and are over
-- meaning[de]: Gespräche mit einem Ziel, dem Ende eines Ablaufs oder der letzten Antwort eines festgelegten Ablaufs nach der ersten Nachricht oder dem ersten Tippen des Kontakts, von denen, die das haben und vorüber sind
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: resolution_measurable
-- vendors: Lex V2 (success)
-- follows: Lex V2: the last intent was successful
-- follows[de]: Lex V2: Die letzte Absicht hatte Erfolg
-- caveat: what the log does not call a goal or an end is not resolved
-- caveat[de]: was das Protokoll weder Ziel noch Ende nennt, ist nicht erledigt
SELECT
  segment,
  COUNT(*) FILTER (WHERE resolution_s IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE requested AND over AND resolution_measurable
GROUP BY segment
