-- name: Question going-on rate
-- name[de]: Weitergangsrate der Frage
-- meaning: visits that another question followed or that completed the conversation, of visits of which that is known
-- meaning[de]: Besuche, auf die eine andere Frage folgte oder die das Gespräch abschlossen, von Besuchen, von denen das bekannt ist
-- unit: visits
-- unit[de]: Besuche
-- table: visits
-- follows: process mining: directly-follows counts, with the end of the conversation as a step
-- follows[de]: Prozessanalyse: Anzahlen unmittelbarer Nachfolger, mit dem Ende des Gesprächs als Schritt
-- caveat: a visit is pending while it is the last of an open conversation; a following question without a name is none
-- caveat[de]: ein Besuch steht aus, solange er der letzte eines offenen Gesprächs ist; eine folgende Frage ohne Namen ist keine
SELECT
  segment,
  COUNT(*) FILTER (WHERE next_question IS NOT NULL OR completes) AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE NOT pending
GROUP BY segment
