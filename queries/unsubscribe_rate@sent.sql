-- name: Unsubscribe rate of sent messages
-- meaning: messages to which an opt-out is attributed, of messages sent
-- unit: messages
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- vendors: Roezan (opt-out rate)
-- follows: Roezan: opted out / sent to
-- caveat: Roezan counts contacts in 7 or 30 days: ask for that range
SELECT
  segment,
  COUNT(*) FILTER (WHERE opted_out_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed AND opt_outs_measurable
GROUP BY segment
