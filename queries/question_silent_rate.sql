-- name: Question silent rate
-- meaning: visits that ended because the contact just stopped answering, of visits that are decided
-- unit: visits
-- table: visits
-- vendors: Lex V2 (dropped); Rasa (sessions that end at a question)
-- follows: Lex V2 and Copilot Studio: one outcome per session, here per visit
-- caveat: the causes of drop-off add up to the drop-off rate
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome = 'silent') AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE outcome <> 'open'
GROUP BY segment
