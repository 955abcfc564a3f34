-- The questions in DuckDB's SQL, as fast as we could make it. The table lies in the order (contact_key, at, position), and
-- DuckDB keeps the order of insertion: so OVER () streams where OVER (PARTITION BY … ORDER BY …) would sort, at a third of
-- the cost. What these logs never hold is left out; data.py checks that they do not.

-- name: rates
-- A message's events and the clicks that point to it meet in one aggregation. Clicks that point nowhere are few.
WITH touched AS MATERIALIZED (
  SELECT
    CASE WHEN kind = 'button_clicked' OR kind = 'link_clicked' THEN reply_key ELSE message_key END AS message,
    any_value(contact_key) AS contact_key,
    any_value(campaign) AS campaign,
    min("at") AS sent_at,
    min("at") FILTER (WHERE kind = 'button_clicked' OR kind = 'link_clicked') AS clicked_at,
    max(CASE kind
      WHEN 'message_opened' THEN 4
      WHEN 'message_delivered' THEN 3
      WHEN 'message_suppressed' THEN 2
      WHEN 'message_failed' THEN 1
      ELSE 0 END) AS level
  FROM events
  WHERE kind IN ('message_sent', 'message_delivered', 'message_opened', 'message_failed', 'message_suppressed')
    OR (kind IN ('button_clicked', 'link_clicked') AND reply_key IS NOT NULL)
  GROUP BY message
),
bare AS MATERIALIZED (
  SELECT contact_key, "at" FROM events WHERE kind IN ('button_clicked', 'link_clicked') AND reply_key IS NULL
),
clicked AS MATERIALIZED (
  SELECT DISTINCT last.message
  FROM bare
  ASOF JOIN (
    SELECT contact_key, sent_at, message FROM touched
    WHERE level NOT IN (1, 2) AND contact_key IN (SELECT contact_key FROM bare)
  ) AS last ON last.contact_key = bare.contact_key AND last.sent_at < bare."at"
  WHERE bare."at" <= last.sent_at + INTERVAL 24 HOUR
)
SELECT
  coalesce(campaign::VARCHAR, ''),
  count(*) FILTER (WHERE level >= 3) AS delivered,
  count(*) FILTER (WHERE level <> 2) AS sent,
  count(*) FILTER (WHERE level = 4) AS opened,
  count(*) FILTER (
    WHERE level >= 3 AND (clicked_at <= sent_at + INTERVAL 24 HOUR OR message IN (SELECT message FROM clicked))
  ) AS clicked
FROM touched
GROUP BY campaign;

-- name: visits
-- Each prompt begins a segment; the first thing in it that ends a wait decides it. Prompts of one question in a row are one
-- visit.
WITH acts AS (
  SELECT
    rowid AS n, epoch_us("at") AS t, kind, question, message_key, reply_key,
    lag(epoch_us("at")) OVER () AS t_before,
    lag(contact_key) OVER () <> contact_key AS is_other_contact
  FROM events
  WHERE kind IN (
    'message_sent', 'question_asked', 'message_received', 'button_clicked', 'question_answered', 'link_clicked',
    'reaction_received', 'flow_ended', 'fallback', 'handover_to_human', 'opted_out_soft')
),
walked AS (
  SELECT
    n, t, kind, question, message_key, reply_key,
    sum(CASE WHEN is_other_contact OR t - t_before > 86_400_000_000 THEN 1 ELSE 0 END)
      OVER (ROWS UNBOUNDED PRECEDING) AS conversation,
    sum(CASE WHEN kind = 'question_asked' THEN 1 ELSE 0 END) OVER (ROWS UNBOUNDED PRECEDING) AS segment,
    arg_max(message_key, n) FILTER (WHERE kind = 'question_asked') OVER (ROWS UNBOUNDED PRECEDING) AS prompt_key
  FROM acts
),
stops AS (SELECT message_key FROM events WHERE kind = 'opted_out_soft' AND message_key IS NOT NULL),
judged AS (
  SELECT
    *,
    kind IN ('handover_to_human', 'opted_out_soft')
      OR (kind IN ('message_received', 'button_clicked', 'question_answered')
        AND (reply_key IS NULL OR reply_key = prompt_key)
        AND message_key NOT IN (FROM stops)) AS ends
  FROM walked
),
segments AS MATERIALIZED (
  SELECT
    conversation, segment,
    any_value(question) FILTER (WHERE kind = 'question_asked') AS question,
    any_value(message_key) FILTER (WHERE kind = 'question_asked') AS prompt_key,
    min(t) FILTER (WHERE kind = 'question_asked') AS asked_t,
    max(t) AS last_t,
    arg_min(kind, n) FILTER (WHERE ends) AS how,
    min(t) FILTER (WHERE ends) AS ended_t
  FROM judged
  GROUP BY conversation, segment
  HAVING bool_or(kind = 'question_asked')
),
refused AS (SELECT message_key FROM events WHERE kind IN ('message_failed', 'message_suppressed')),
lost AS (
  FROM refused
  WHERE message_key NOT IN (
    SELECT message_key FROM events
    WHERE kind IN ('message_delivered', 'message_opened') AND message_key IN (FROM refused))
),
turns AS (
  SELECT
    *,
    coalesce(lag(conversation) OVER () = conversation AND lag(question) OVER () = question, false) AS is_again,
    CASE WHEN lead(conversation) OVER () = conversation THEN lead(question) OVER () END AS next_question
  FROM (FROM segments ORDER BY segment)
),
numbered AS (
  SELECT
    *,
    sum(CASE WHEN is_again THEN 0 ELSE 1 END) OVER (ROWS UNBOUNDED PRECEDING) AS visit,
    next_question IS NULL OR next_question <> question AS is_last,
    prompt_key IN (FROM lost) AS is_lost
  FROM turns
),
visits AS (
  SELECT
    any_value(conversation) AS conversation,
    any_value(question) AS question,
    (max(ended_t) FILTER (WHERE is_last) - min(asked_t)) // 1_000_000 AS seconds,
    coalesce(bool_or(is_last AND how IN ('message_received', 'button_clicked', 'question_answered')), false) AS answered,
    coalesce(bool_or(how IN ('opted_out_soft', 'handover_to_human')), false) OR bool_and(is_lost) AS has_left,
    coalesce(bool_or(next_question <> question), false) AS moved_on
  FROM numbered
  GROUP BY visit
),
decided AS (
  SELECT
    question, seconds,
    CASE
      WHEN answered THEN 'answered'
      WHEN has_left THEN 'left'
      WHEN moved_on THEN 'skipped'
      WHEN conversation IN (
        SELECT conversation FROM segments
        WHERE last_t > (SELECT epoch_us(max("at")) FROM events) - 86_400_000_000) THEN 'open'
      ELSE 'left'
    END AS outcome
  FROM visits
)
SELECT
  question::VARCHAR,
  count(*) FILTER (WHERE outcome = 'left') AS has_left,
  count(*) FILTER (WHERE outcome <> 'open') AS decided,
  count(*) FILTER (WHERE outcome = 'answered') AS answered,
  quantile_disc(seconds, 0.5) FILTER (WHERE outcome = 'answered') AS median
FROM decided
GROUP BY question;
