-- name: Abandonment rate
-- name[de]: Abbruchrate der Gespräche
-- meaning: conversations that ended neither completed nor with a person, of decided conversations in which the contact did something
-- meaning[de]: Gespräche, die weder mit einem Abschluss noch bei einem Menschen endeten, von entschiedenen Gesprächen, in denen der Kontakt etwas tat
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: handovers_measurable
-- bounded_above: handovers_bounded
-- vendors: Copilot Studio (abandon rate)
-- follows: Copilot Studio: engaged sessions neither resolved nor escalated / engaged sessions
-- follows[de]: Copilot Studio: Sitzungen mit Beteiligung, weder erledigt noch übergeben / Sitzungen mit Beteiligung
-- caveat: Copilot Studio takes silence after an end of conversation for resolved; here a flow must end, a goal be reached or the last question be answered
-- caveat[de]: Copilot Studio hält Schweigen nach dem Ende eines Gesprächs für erledigt; hier muss ein Ablauf enden, ein Ziel erreicht oder die letzte Frage beantwortet sein
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome IN ('abandoned', 'opted_out') AND NOT with_human) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_inbound > 0 AND outcome <> 'open' AND handovers_measurable
GROUP BY segment
