-- name: Engagement rate by first answer
-- name[de]: Beteiligungsrate nach erster Antwort
-- meaning: conversations with at least one answered question, of conversations in a flow
-- meaning[de]: Gespräche mit mindestens einer beantworteten Frage, von Gesprächen in einem Ablauf
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: replies_measurable
-- vendors: Typebot (starts of views)
-- follows: Typebot: a flow is started by the first answer, and viewed whenever it is loaded
-- follows[de]: Typebot: Ein Ablauf wird durch die erste Antwort begonnen und bei jedem Laden gesehen
-- caveat: a log that tells nothing of flows that were loaded and never answered makes this too high
-- caveat[de]: ein Protokoll, das geladene und nie beantwortete Abläufe verschweigt, macht die Rate zu hoch
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_answered > 0) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE in_flow AND replies_measurable
GROUP BY segment
