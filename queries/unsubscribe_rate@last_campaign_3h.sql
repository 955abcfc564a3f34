-- name: Unsubscribe rate by last campaign within 3 hours
-- meaning: campaign messages that were the last of any campaign before an opt-out within 3 hours, of campaign messages that reached the contact
-- unit: messages
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- vendors: Iterable (SMS unsubscribes)
-- follows: Iterable: the last campaign within three hours before, else none
-- caveat: a message of no campaign in between changes nothing; later opt-outs belong to no campaign
SELECT
  segment,
  COUNT(*) FILTER (WHERE campaign_opt_out_s <= 10800) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND opt_outs_measurable AND campaign IS NOT NULL
GROUP BY segment
