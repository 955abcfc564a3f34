-- name: Completion rate
-- name[de]: Abschlussrate
-- meaning: conversations that reached the end of their flow or their goal, of conversations in a flow that are decided
-- meaning[de]: Gespräche, die das Ende ihres Ablaufs oder ihr Ziel erreichten, von entschiedenen Gesprächen in einem Ablauf
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- follows: Typebot: completed / started, but without those that are still open
-- follows[de]: Typebot: abgeschlossen / begonnen, aber ohne die noch offenen
-- caveat: the end must be known: a flow's last question in the configuration, an end event or a goal
-- caveat[de]: das Ende muss bekannt sein: die letzte Frage eines Ablaufs in der Konfiguration, ein Endereignis oder ein Ziel
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome = 'completed') AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE in_flow AND outcome <> 'open'
GROUP BY segment
