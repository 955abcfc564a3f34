-- name: Question drop-off, open ones counted
-- name[de]: Abbruchrate der Frage, offene mitgezählt
-- meaning: visits without an answer, of all visits
-- meaning[de]: Besuche ohne Antwort, von allen Besuchen
-- unit: visits
-- unit[de]: Besuche
-- table: visits
-- vendors: Typebot (drop-off rate); Formbricks (drop-off)
-- follows: Typebot: (reached - answered) / reached
-- follows[de]: Typebot: (erreicht - beantwortet) / erreicht
-- caveat: who may still answer counts as lost, and so does who was led past the question
-- caveat[de]: wer noch antworten kann, gilt als verloren, und ebenso, wer an der Frage vorbeigeführt wurde
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome <> 'answered') AS numerator,
  COUNT(*) AS denominator
FROM visits
GROUP BY segment
