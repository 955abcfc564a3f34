-- name: Unsubscribe rate
-- meaning: messages to which an opt-out is attributed, of messages that reached the contact
-- unit: messages
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- vendors: e-mail tools (unsubscribe rate)
-- follows: Iterable and Braze: the last message before the opt-out within a window
-- caveat: the attribution window decides; blocks are seen only where the platform tells of them
SELECT
  segment,
  COUNT(*) FILTER (WHERE opted_out_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND opt_outs_measurable
GROUP BY segment
