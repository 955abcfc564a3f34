-- name: Engagement rate of all conversations
-- meaning: conversations in which the contact did anything at any time, of all conversations
-- unit: conversations
-- table: conversations
-- needs: engagement_measurable
-- bounded: engagement_bounded
-- vendors: Infobip (engaged sessions)
-- follows: Infobip: sessions with at least one message of the person / all sessions
-- caveat: conversations that the contact began count too, and they are engaged by themselves: mixing both moves the rate
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_inbound > 0) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE engagement_measurable
GROUP BY segment
