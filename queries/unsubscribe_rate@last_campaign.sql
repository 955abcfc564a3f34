-- name: Unsubscribe rate by last campaign
-- meaning: campaign messages that were the last of any campaign before an opt-out, however long before, of campaign messages that reached the contact
-- unit: messages
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- follows: last touch without a window
-- caveat: opt-outs long after a campaign are laid at its door
SELECT
  segment,
  COUNT(*) FILTER (WHERE campaign_opt_out_s IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND opt_outs_measurable AND campaign IS NOT NULL
GROUP BY segment
