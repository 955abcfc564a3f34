-- The definitions of ARCHITECTURE.md once more, in DuckDB's SQL over the plain table of events: sets and windows where the
-- program walks contact by contact. The script beside this file provides the view `events`. Every window is the default.
-- Logs that tell of rejected answers and skipped questions in so many words are out of its reach.

-- One total order: a contact's events by time, and inside one instant by position (the contact acts before the business).
-- A log that does not name the account speaks of the contact's only account.
CREATE TABLE told AS
SELECT
  contact_key, channel, kind, "at" AS instant, message_id, reply_to, up_to, campaign, flow, question, error_code,
  coalesce(account, CASE WHEN only_from = only_to THEN only_from END, '') AS account,
  row_number() OVER (ORDER BY contact_key, "at", position, event_id) AS n
FROM (
  SELECT *, min(account) OVER contact AS only_from, max(account) OVER contact AS only_to
  FROM events
  WINDOW contact AS (PARTITION BY contact_key)
);

CREATE TABLE log AS SELECT max(instant) AS ends_at FROM told;

-- What each channel's log tells of.
CREATE TABLE channels AS
SELECT
  channel,
  bool_or(kind IN ('message_delivered', 'delivered_up_to')) AS tells_deliveries,
  bool_or(kind IN ('message_opened', 'opened_up_to')) AS tells_opens
FROM told
GROUP BY channel;

-- Messages: the earliest time of each level; a higher level implies the lower one; a failure counts only if nothing
-- higher was seen.
CREATE TABLE messages AS
WITH levels AS (
  SELECT
    contact_key, channel, message_id,
    min(account) AS account,
    min(n) AS n,
    min(instant) AS sent_at,
    min(instant) FILTER (WHERE kind = 'message_delivered') AS delivered_at,
    min(instant) FILTER (WHERE kind = 'message_opened') AS opened_at,
    bool_or(kind = 'message_failed') AS failed,
    bool_or(kind = 'message_suppressed') AS suppressed,
    arg_min(campaign, n) FILTER (WHERE campaign IS NOT NULL) AS campaign
  FROM told
  WHERE message_id IS NOT NULL
    AND kind IN ('message_sent', 'message_delivered', 'message_opened', 'message_failed', 'message_suppressed')
  GROUP BY contact_key, channel, message_id
),
watermarks AS (
  SELECT
    levels.contact_key, levels.message_id,
    min(mark.instant) FILTER (WHERE mark.kind = 'delivered_up_to') AS delivered_at,
    min(mark.instant) FILTER (WHERE mark.kind = 'opened_up_to') AS opened_at
  FROM levels
  JOIN told AS mark
    ON mark.contact_key = levels.contact_key AND mark.account = levels.account
    AND least(mark.up_to, mark.instant) >= levels.sent_at
  WHERE mark.kind IN ('delivered_up_to', 'opened_up_to')
    -- What was refused was not among "everything until then".
    AND (levels.delivered_at IS NOT NULL OR levels.opened_at IS NOT NULL OR NOT (levels.failed OR levels.suppressed))
  GROUP BY ALL
),
settled AS (
  SELECT
    levels.* EXCLUDE (delivered_at, opened_at),
    least(levels.opened_at, watermarks.opened_at) AS opened_at,
    least(levels.delivered_at, watermarks.delivered_at, levels.opened_at, watermarks.opened_at) AS delivered_at
  FROM levels
  LEFT JOIN watermarks USING (contact_key, message_id)
)
SELECT
  settled.* EXCLUDE (failed, suppressed),
  tells_opens,
  delivered_at IS NULL AND (failed OR suppressed) AS lost,
  CASE WHEN tells_deliveries THEN delivered_at IS NOT NULL ELSE NOT (failed OR suppressed) END AS reached
FROM settled
JOIN channels USING (channel);

-- Acts: what keeps a conversation going. An act that is told twice, by a send log and by a webhook, is one act.
CREATE TABLE acts AS
SELECT contact_key, channel, account, 'message_sent' AS kind, n, sent_at AS instant, message_id, NULL AS reply_to,
       NULL AS flow, NULL AS question
FROM messages
UNION ALL
SELECT contact_key, channel, account, kind, n, instant, message_id, reply_to, flow, question
FROM told
WHERE kind IN (
  'message_received', 'button_clicked', 'link_clicked', 'reaction_received', 'question_asked', 'question_answered',
  'question_skipped', 'answer_rejected', 'flow_started', 'flow_ended', 'goal_reached', 'payment', 'fallback',
  'handover_to_human', 'handover_to_bot')
QUALIFY message_id IS NULL
  OR kind IN ('link_clicked', 'reaction_received', 'question_skipped', 'answer_rejected', 'payment')
  OR row_number() OVER (PARTITION BY contact_key, kind, message_id ORDER BY n) = 1;

-- Conversations: a pause longer than 24 h ends one.
CREATE TABLE placed AS
SELECT * EXCLUDE (begins), sum(begins) OVER (PARTITION BY contact_key, account ORDER BY n) AS conversation
FROM (
  SELECT *,
    CASE WHEN instant - lag(instant) OVER (PARTITION BY contact_key, account ORDER BY n) <= INTERVAL 24 HOUR THEN 0 ELSE 1 END AS begins
  FROM acts
);

CREATE TABLE conversations AS
SELECT
  contact_key, account, conversation,
  min(channel) AS channel,
  max(instant) AS ended_at,
  arg_min(kind, n) = 'message_sent' AS by_business,
  arg_min(message_id, n) FILTER (WHERE kind = 'message_sent') AS first_message,
  min(instant) FILTER (WHERE kind = 'message_sent') + INTERVAL 60 SECOND AS opening_until,
  max(instant) + INTERVAL 24 HOUR > (SELECT ends_at FROM log) AS open
FROM placed
GROUP BY contact_key, account, conversation;

-- Engagement: an act of the contact that points to a message of the opening; or points nowhere and comes before the
-- business writes again.
CREATE TABLE engaged AS
WITH openings AS (
  SELECT contact_key, account, conversation, opening_until, placed.message_id, placed.n,
         placed.instant <= opening_until AS in_opening
  FROM placed
  JOIN conversations USING (contact_key, account, conversation)
  WHERE by_business AND placed.kind = 'message_sent'
),
written_again AS (
  SELECT contact_key, account, conversation, min(n) AS n FROM openings WHERE NOT in_opening GROUP BY ALL
)
SELECT DISTINCT act.contact_key, act.account, act.conversation
FROM placed AS act
JOIN conversations USING (contact_key, account, conversation)
LEFT JOIN written_again USING (contact_key, account, conversation)
WHERE by_business
  AND act.kind IN ('message_received', 'button_clicked', 'link_clicked', 'reaction_received')
  AND CASE
    WHEN act.reply_to IS NULL THEN written_again.n IS NULL OR act.n < written_again.n
    ELSE EXISTS (
      FROM openings
      WHERE openings.contact_key = act.contact_key AND openings.account = act.account
        AND openings.conversation = act.conversation AND openings.message_id = act.reply_to
        AND openings.in_opening AND openings.n < act.n)
  END;

-- Opt-outs: an event is news if it goes further than every other one since the contact last opted in. Beside the news,
-- the contact's own words or taps end a visit even when they had opted out before.
CREATE TABLE opt_outs AS
WITH periods AS (
  SELECT *, kind = 'opted_in' AS resumes,
    CASE kind WHEN 'opted_out_soft' THEN 1 WHEN 'opted_out_hard' THEN 2 ELSE 0 END AS level,
    count(*) FILTER (WHERE kind = 'opted_in') OVER (PARTITION BY contact_key, account ORDER BY n) AS period
  FROM told
  WHERE kind IN ('opted_in', 'opted_out_soft', 'opted_out_hard')
)
SELECT
  contact_key, account, n, instant,
  level > coalesce(max(level) OVER (
    PARTITION BY contact_key, account, period ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS is_news,
  message_id IS NOT NULL AND error_code IS NULL AS in_own_words,
  message_id, kind
FROM periods
QUALIFY NOT resumes;

-- An opt-out is attributed to the last message before it that was not lost, within 24 h.
CREATE TABLE unsubscribed AS
SELECT DISTINCT message.contact_key, message.message_id
FROM (FROM opt_outs WHERE is_news) AS opt_out
ASOF JOIN (FROM messages WHERE NOT lost) AS message
  ON message.contact_key = opt_out.contact_key AND message.account = opt_out.account AND message.n <= opt_out.n
WHERE opt_out.instant - message.sent_at <= INTERVAL 24 HOUR;

-- Visits: prompts of one question in a row inside a conversation.
CREATE TABLE prompts AS
SELECT *, sum(asks_anew) OVER (PARTITION BY contact_key, account, conversation ORDER BY n) AS visit
FROM (
  SELECT *,
    CASE WHEN row_number() OVER turns > 1
          AND flow IS NOT DISTINCT FROM lag(flow) OVER turns
          AND question IS NOT DISTINCT FROM lag(question) OVER turns
         THEN 0 ELSE 1 END AS asks_anew
  FROM placed
  WHERE kind = 'question_asked'
  WINDOW turns AS (PARTITION BY contact_key, account, conversation ORDER BY n)
);

CREATE TABLE visited AS
SELECT
  prompts.contact_key, prompts.account, conversation, visit,
  any_value(flow) AS flow, any_value(question) AS question,
  min(prompts.n) AS begins_n, max(prompts.n) AS last_prompt_n,
  list(prompts.message_id) AS prompt_ids,
  bool_and(coalesce(lost, false)) AS lost,
  lead(min(prompts.n)) OVER (PARTITION BY prompts.contact_key, prompts.account, conversation ORDER BY visit) AS next_n,
  lead(visit) OVER (
    PARTITION BY prompts.contact_key, prompts.account, conversation, any_value(flow), any_value(question)
    ORDER BY visit) IS NULL AS is_last_pass
FROM prompts
LEFT JOIN messages ON messages.contact_key = prompts.contact_key AND messages.message_id = prompts.message_id
GROUP BY prompts.contact_key, prompts.account, conversation, visit;

-- What may answer: anything that is written or tapped while the visit is current, unless it is itself the stop or points
-- elsewhere; and whatever the log itself calls an answer to this question, even after the bot has moved on.
CREATE TABLE answers AS
WITH acts_of_contacts AS (
  FROM placed
  WHERE kind IN ('message_received', 'button_clicked', 'question_answered')
    AND (contact_key, message_id) NOT IN (
      SELECT (contact_key, message_id) FROM opt_outs WHERE kind = 'opted_out_soft' AND message_id IS NOT NULL)
)
SELECT visited.contact_key, visited.account, visited.conversation, visited.visit, act.n,
       act.kind = 'question_answered' AS is_named
FROM visited
JOIN acts_of_contacts AS act USING (contact_key, account, conversation)
WHERE act.n > begins_n
  AND CASE WHEN act.kind = 'question_answered'
    THEN is_last_pass AND act.question = visited.question
      AND (act.flow IS NULL OR visited.flow IS NULL OR act.flow = visited.flow)
    ELSE (next_n IS NULL OR act.n < next_n)
      AND (act.reply_to IS NULL
        OR list_contains(prompt_ids, act.reply_to)
        OR NOT EXISTS (
          FROM messages WHERE messages.contact_key = act.contact_key AND messages.message_id = act.reply_to))
  END;

-- What ends a visit against an answer: an opt-out within 24 h of the conversation's last act, or a person taking over,
-- while the last prompt stands unanswered. The first one after a prompt counts, and nothing written after it is an answer
-- until the question is asked again.
CREATE TABLE leavings AS
WITH candidates AS (
  SELECT act.contact_key, act.account, act.conversation, opt_out.n, 'opted_out' AS how
  FROM (FROM opt_outs WHERE is_news OR in_own_words) AS opt_out
  ASOF JOIN placed AS act
    ON act.contact_key = opt_out.contact_key AND act.account = opt_out.account AND act.n <= opt_out.n
  WHERE opt_out.instant - act.instant <= INTERVAL 24 HOUR
  UNION ALL
  SELECT contact_key, account, conversation, n, 'handed_over' FROM placed WHERE kind = 'handover_to_human'
),
standing AS (
  SELECT visited.contact_key, visited.account, conversation, visit, candidates.n, how,
    (SELECT max(prompts.n) FROM prompts
      WHERE prompts.contact_key = visited.contact_key AND prompts.account = visited.account
        AND prompts.conversation = visited.conversation AND prompts.visit = visited.visit
        AND prompts.n < candidates.n) AS prompt_n
  FROM visited
  JOIN candidates USING (contact_key, account, conversation)
  WHERE candidates.n > begins_n AND (next_n IS NULL OR candidates.n < next_n)
)
SELECT contact_key, account, conversation, visit, prompt_n, min(n) AS n, arg_min(how, n) AS how
FROM standing
WHERE NOT EXISTS (
  FROM answers
  WHERE answers.contact_key = standing.contact_key AND answers.account = standing.account
    AND answers.conversation = standing.conversation AND answers.visit = standing.visit
    AND answers.n > prompt_n AND answers.n < standing.n)
GROUP BY contact_key, account, conversation, visit, prompt_n;

CREATE TABLE visits AS
SELECT
  visited.contact_key, visited.account, conversation, visit, flow, question,
  CASE
    WHEN EXISTS (
      FROM answers
      WHERE answers.contact_key = visited.contact_key AND answers.account = visited.account
        AND answers.conversation = visited.conversation AND answers.visit = visited.visit
        AND answers.n > last_prompt_n
        AND (is_named OR last_left_n IS NULL OR last_left_n < last_prompt_n OR answers.n < last_left_n)) THEN 'answered'
    WHEN opted_out THEN 'opted_out'
    WHEN last_left_n IS NOT NULL THEN 'handed_over'
    WHEN lost THEN 'failed'
    WHEN next_n IS NOT NULL THEN 'skipped'
    WHEN conversations.open THEN 'open'
    ELSE 'silent'
  END AS outcome
FROM visited
JOIN conversations USING (contact_key, account, conversation)
LEFT JOIN (
  SELECT contact_key, account, conversation, visit, max(n) AS last_left_n, bool_or(how = 'opted_out') AS opted_out
  FROM leavings
  GROUP BY contact_key, account, conversation, visit
) USING (contact_key, account, conversation, visit);

-- What is counted: one row per thing in a denominator, with what it is broken down by.
CREATE TABLE counted AS
SELECT 'open_rate' AS metric, channel, campaign, NULL AS question, opened_at IS NOT NULL AS counts
FROM messages
WHERE tells_opens AND reached
UNION ALL
SELECT 'unsubscribe_rate', channel, campaign, NULL, (contact_key, message_id) IN (SELECT (contact_key, message_id) FROM unsubscribed)
FROM messages
WHERE reached
UNION ALL
SELECT 'engagement_rate', conversations.channel, first.campaign, NULL, engaged.conversation IS NOT NULL
FROM conversations
JOIN messages AS first ON first.contact_key = conversations.contact_key AND first.message_id = first_message
LEFT JOIN engaged ON engaged.contact_key = conversations.contact_key AND engaged.account = conversations.account
  AND engaged.conversation = conversations.conversation
WHERE by_business AND first.reached
UNION ALL
SELECT 'question_drop_off_rate', conversations.channel, first.campaign, question,
       outcome IN ('silent', 'opted_out', 'handed_over', 'failed')
FROM visits
JOIN conversations USING (contact_key, account, conversation)
LEFT JOIN messages AS first ON first.contact_key = conversations.contact_key AND first.message_id = first_message
WHERE outcome <> 'open';
