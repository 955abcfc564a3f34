-- name: Question drop-off of first passes
-- name[de]: Abbruchrate der Frage, erster Durchgang
-- meaning: first visits to the question in a conversation that ended silent, opted out, handed over or failed, of those that are decided
-- meaning[de]: erste Besuche der Frage in einem Gespräch, die mit Verstummen, Abmeldung, Übergabe oder Fehler endeten, von den entschiedenen
-- unit: visits
-- unit[de]: Besuche
-- table: visits
-- follows: PostHog: the first time through
-- follows[de]: PostHog: der erste Durchgang
-- caveat: who comes back and answers later counts as lost here
-- caveat[de]: wer wiederkommt und später antwortet, gilt hier als verloren
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome IN ('silent', 'opted_out', 'handed_over', 'failed')) AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE outcome <> 'open' AND pass = 1
GROUP BY segment
