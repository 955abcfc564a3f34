-- name: Erasure pending
-- meaning: contacts who asked to have their data erased and are still in the store, of all contacts in it
-- unit: contacts
-- table: contacts
-- needs: engagement_measurable
-- follows: GDPR Art. 17 and 12(3): erasure without undue delay, an answer within a month
-- caveat: a state at the end of the range, whenever it was asked for; a wish in words that no rule recognises is not found; whoever was erased is no contact any more
SELECT
  segment,
  COUNT(*) FILTER (WHERE erasure_requested_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM contacts
WHERE engagement_measurable
GROUP BY segment
