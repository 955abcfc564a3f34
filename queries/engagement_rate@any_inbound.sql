-- name: Engagement rate of all conversations
-- name[de]: Beteiligungsrate aller Gespräche
-- meaning: conversations in which the contact did anything at any time, of all conversations
-- meaning[de]: Gespräche, in denen der Kontakt irgendwann irgendetwas tat, von allen Gesprächen
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: engagement_measurable
-- bounded: engagement_bounded
-- vendors: Infobip (engaged sessions)
-- follows: Infobip: sessions with at least one message of the person / all sessions
-- follows[de]: Infobip: Sitzungen mit mindestens einer Nachricht des Menschen / alle Sitzungen
-- caveat: conversations that the contact began count too, and they are engaged by themselves: mixing both moves the rate
-- caveat[de]: auch vom Kontakt begonnene Gespräche zählen, und die haben von selbst Beteiligung: Die Mischung beider bewegt die Rate
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_inbound > 0) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE engagement_measurable
GROUP BY segment
