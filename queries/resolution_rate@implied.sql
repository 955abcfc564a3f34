-- name: Resolution rate with implied success
-- name[de]: Erledigungsrate mit stillem Erfolg
-- meaning: conversations that were resolved, or in which the business had the last word and the contact did not opt out, of those with a message or tap that are over
-- meaning[de]: Gespräche, die erledigt wurden oder in denen das Unternehmen das letzte Wort hatte und der Kontakt sich nicht abmeldete, von denen mit einer Nachricht oder einem Tippen, die vorüber sind
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: replies_measurable
-- vendors: Copilot Studio (resolution rate)
-- follows: Copilot Studio: confirmed, or not answered until the time-out
-- follows[de]: Copilot Studio: bestätigt oder bis zum Ablauf der Frist nicht beantwortet
-- caveat: who gave up in silence is resolved
-- caveat[de]: wer still aufgab, gilt als erledigt
SELECT
  segment,
  COUNT(*) FILTER (WHERE quietly_resolved) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE requested AND over
GROUP BY segment
