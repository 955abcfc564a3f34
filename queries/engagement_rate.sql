-- name: Engagement rate
-- meaning: conversations in which the contact answered, tapped, clicked or reacted to the opening, of conversations that the business opened with a message that reached the contact
-- unit: conversations
-- table: conversations
-- needs: engagement_measurable
-- bounded: engagement_bounded
-- follows: the contact interacts with the first message
-- caveat: an answer without pointer counts for the opening until the business sends its next message; a written stop is an answer too
SELECT
  segment,
  COUNT(*) FILTER (WHERE engaged) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE initiated_by = 'business' AND first_message_reached AND engagement_measurable
GROUP BY segment
