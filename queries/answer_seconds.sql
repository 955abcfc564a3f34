-- name: Answer time
-- name[de]: Antwortzeit
-- meaning: seconds from the question to the answer that was taken
-- meaning[de]: Sekunden von der Frage bis zu der Antwort, die angenommen wurde
-- unit: seconds
-- unit[de]: Sekunden
-- table: visits
-- follows: PostHog: time to convert
-- follows[de]: PostHog: Zeit bis zum nächsten Schritt
-- caveat: only visits that were answered at a time that the log tells; those still open would take longer
-- caveat[de]: nur Besuche, die zu einer vom Protokoll genannten Zeit beantwortet wurden; die noch offenen würden länger dauern
SELECT
  segment,
  answer_s AS value,
  COUNT(*) AS n
FROM visits
WHERE answer_s IS NOT NULL
GROUP BY segment, answer_s
