-- name: Question skipped rate
-- meaning: visits that ended because the bot or the contact passed over the question, of visits that are decided
-- unit: visits
-- table: visits
-- vendors: Lex V2 (switched)
-- follows: Lex V2 and Copilot Studio: one outcome per session, here per visit
-- caveat: skipping is no drop-off; it is shown apart
SELECT
  segment,
  COUNT(*) FILTER (WHERE outcome = 'skipped') AS numerator,
  COUNT(*) AS denominator
FROM visits
WHERE outcome <> 'open'
GROUP BY segment
