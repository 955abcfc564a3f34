-- name: Question drop-off of best passes
-- name[de]: Abbruchrate der Frage, bester Durchgang
-- meaning: conversations whose best visit to the question ended silent, opted out, handed over or failed, of those that are decided
-- meaning[de]: Gespräche, deren bester Besuch der Frage mit Verstummen, Abmeldung, Übergabe oder Fehler endete, von den entschiedenen
-- unit: conversations at the question
-- unit[de]: Gespräche bei der Frage
-- table: visits
-- follows: one unit per conversation and question: whoever got past it once got past it
-- follows[de]: eine Einheit je Gespräch und Frage: Wer einmal an ihr vorbeikam, kam an ihr vorbei
-- caveat: the lowest of the three: it forgives every failed attempt
-- caveat[de]: die niedrigste der drei: Sie verzeiht jeden missglückten Versuch
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome IN ('silent', 'opted_out', 'handed_over', 'failed')) AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE outcome <> 'open' AND is_best
GROUP BY segment
