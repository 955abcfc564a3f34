-- name: Question drop-off rate
-- name[de]: Abbruchrate der Frage
-- meaning: visits that ended silent, opted out, handed over or failed, of visits that are decided
-- meaning[de]: Besuche, die mit Verstummen, Abmeldung, Übergabe oder Fehler endeten, von entschiedenen Besuchen
-- unit: visits
-- unit[de]: Besuche
-- table: visits
-- follows: Typebot and Formbricks: left / reached, but without those who may still answer
-- follows[de]: Typebot und Formbricks: abgebrochen / erreicht, aber ohne die, die noch antworten können
-- caveat: a visit is open until the conversation has been quiet for the session gap; skipped questions are decided but no drop-off
-- caveat[de]: ein Besuch ist offen, bis das Gespräch für die Gesprächspause still war; übersprungene Fragen sind entschieden, aber kein Abbruch
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome IN ('silent', 'opted_out', 'handed_over', 'failed')) AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE outcome <> 'open'
GROUP BY segment
