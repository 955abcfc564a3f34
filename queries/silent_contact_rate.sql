-- name: Silent contact rate
-- meaning: contacts first seen in the range of time who never did anything, of all contacts first seen in it
-- unit: contacts
-- table: contacts
-- needs: engagement_measurable
-- bounded_above: engagement_bounded
-- follows: BotHelp: subscribers who never replied
-- caveat: a contact counts by the day of their first event, and may still answer
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_inbound = 0) AS numerator,
  COUNT(*) AS denominator
FROM contacts
WHERE is_new AND engagement_measurable
GROUP BY segment
