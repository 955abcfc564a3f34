-- A funnel of three steps within three days, by channel: sent, replied, flow ended. Of each contact the events are taken in
-- the store's order; a chain begins with the last message before the reply, and the newest chain counts.
WITH ordered AS (
  SELECT contact_key, channel, kind, "at",
         row_number() OVER (PARTITION BY contact_key ORDER BY "at", "position", event_id) AS n
  FROM events
),
begun AS (
  SELECT *, max("at") FILTER (WHERE kind = 'message_sent') OVER before AS sent_at
  FROM ordered
  WINDOW before AS (PARTITION BY contact_key ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
replied AS (
  SELECT *,
         CASE WHEN kind IN ('message_received', 'button_clicked') AND "at" - sent_at <= INTERVAL 3 DAY
              THEN sent_at END AS replied_since
  FROM begun
),
chained AS (
  SELECT *, max(replied_since) OVER before AS chain_since
  FROM replied
  WINDOW before AS (PARTITION BY contact_key ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT channel,
       count(DISTINCT contact_key) FILTER (WHERE kind = 'message_sent'),
       count(DISTINCT contact_key) FILTER (WHERE replied_since IS NOT NULL),
       count(DISTINCT contact_key) FILTER (WHERE kind = 'flow_ended' AND "at" - chain_since <= INTERVAL 3 DAY)
FROM chained
WHERE contact_key IN (SELECT contact_key FROM ordered WHERE kind = 'message_sent')
GROUP BY channel
ORDER BY channel;
