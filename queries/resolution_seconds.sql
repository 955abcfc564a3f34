-- name: Resolution time
-- name[de]: Erledigungszeit
-- meaning: seconds from the contact's first message or tap to the first goal, end of a flow or last answer of a declared flow
-- meaning[de]: Sekunden von der ersten Nachricht oder dem ersten Tippen des Kontakts bis zum ersten Ziel, Ende eines Ablaufs oder zur letzten Antwort eines festgelegten Ablaufs
-- unit: seconds
-- unit[de]: Sekunden
-- table: conversations
-- needs: resolution_measurable
-- follows: Chatwoot: from creation to resolved, here from the first message of the contact
-- follows[de]: Chatwoot: von der Anlage bis zur Erledigung, hier von der ersten Nachricht des Kontakts an
-- caveat: only what was resolved; by handled_by it tells bot and people apart
-- caveat[de]: nur was erledigt wurde; nach handled_by trennt es Bot und Menschen
SELECT
  segment,
  resolution_s AS value,
  COUNT(*) AS n
FROM conversations
WHERE resolution_s IS NOT NULL
GROUP BY segment, resolution_s
