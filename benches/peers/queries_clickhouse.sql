-- The questions in ClickHouse's SQL, as fast as we could make it: one aggregation by message, arrays by contact. Arrays come
-- in the table's order because the engine aggregates in the order of the primary key. What these logs never hold is left
-- out; data.py checks that they do not.

-- name: rates
-- A message's events and the clicks that point to it meet in one aggregation. Clicks that point nowhere are few: only
-- their contacts are read again.
WITH
bare AS (
  SELECT contact_key, at FROM events WHERE kind IN ('button_clicked', 'link_clicked') AND reply_key = 0
),
clicked AS (
  SELECT last.message
  FROM bare
  ASOF JOIN (
    SELECT any(contact_key) AS contact, min(at) AS sent_at, message_key AS message
    FROM events
    WHERE kind IN ('message_sent', 'message_delivered', 'message_opened', 'message_failed', 'message_suppressed')
      AND contact_key IN (SELECT contact_key FROM bare)
    GROUP BY message_key
    HAVING countIf(kind IN ('message_delivered', 'message_opened')) > 0
      OR countIf(kind IN ('message_failed', 'message_suppressed')) = 0
  ) AS last ON last.contact = bare.contact_key AND last.sent_at < bare.at
  WHERE bare.at <= last.sent_at + INTERVAL 24 HOUR
)
SELECT
  campaign,
  countIf(level >= 3) AS delivered,
  countIf(level <> 2) AS sent,
  countIf(level = 4) AS opened,
  countIf(level >= 3 AND (
    (clicked_at > toDateTime64(0, 6) AND clicked_at <= sent_at + INTERVAL 24 HOUR)
    OR message IN (SELECT message FROM clicked))) AS clicked
FROM (
  SELECT
    if(kind = 'button_clicked' OR kind = 'link_clicked', reply_key, message_key) AS message,
    anyIf(campaign, kind = 'message_sent') AS campaign,
    min(at) AS sent_at,
    minIf(at, kind IN ('button_clicked', 'link_clicked')) AS clicked_at,
    max(multiIf(
      kind = 'message_opened', 4,
      kind = 'message_delivered', 3,
      kind = 'message_suppressed', 2,
      kind = 'message_failed', 1,
      0)) AS level
  FROM events
  WHERE kind IN ('message_sent', 'message_delivered', 'message_opened', 'message_failed', 'message_suppressed')
    OR (kind IN ('button_clicked', 'link_clicked') AND reply_key <> 0)
  GROUP BY message
)
GROUP BY campaign
SETTINGS optimize_aggregation_in_order = 0;

-- name: visits
-- Codes: 1 answered, 2 opted out, 3 handed over, 4 asked. The first code after a prompt, in its conversation, decides what
-- becomes of it. Prompts of one question in a row are one visit. Outcomes: 1 answered, 2 left, 3 skipped, 4 open.
WITH
(SELECT toUnixTimestamp64Micro(max(at)) FROM events) AS horizon,
refused AS (SELECT message_key FROM events WHERE kind IN ('message_failed', 'message_suppressed')),
lost AS (
  SELECT message_key FROM refused
  WHERE message_key NOT IN (
    SELECT message_key FROM events
    WHERE kind IN ('message_delivered', 'message_opened') AND message_key IN (SELECT message_key FROM refused))
),
gathered AS (
  SELECT
    contact_key,
    groupArray(kind) AS kinds,
    groupArray(toUnixTimestamp64Micro(at)) AS times,
    groupArray(question) AS questions,
    groupArray(message_key) AS messages,
    groupArray(reply_key) AS replies,
    groupArrayIf(message_key, kind = 'opted_out_soft' AND message_key <> 0) AS stops
  FROM events
  WHERE kind IN (
    'message_sent', 'question_asked', 'message_received', 'button_clicked', 'question_answered', 'link_clicked',
    'reaction_received', 'flow_ended', 'fallback', 'handover_to_human', 'opted_out_soft')
  GROUP BY contact_key
  HAVING has(kinds, 'question_asked')
),
walked AS (
  SELECT
    contact_key, times, questions, messages,
    arrayCumSum(pause -> pause > 86400000000, arrayDifference(times)) AS conversations,
    arrayFill(key -> key <> 0, arrayMap((kind, key) -> if(kind = 'question_asked', key, 0), kinds, messages)) AS prompts,
    arrayMap(
      (kind, key, reply, prompt) -> multiIf(
        kind = 'question_asked', 4,
        kind = 'handover_to_human', 3,
        kind = 'opted_out_soft', 2,
        kind IN ('message_received', 'button_clicked', 'question_answered')
          AND (reply = 0 OR reply = prompt) AND NOT has(stops, key), 1,
        0),
      kinds, messages, replies, prompts) AS codes,
    arrayReverseFill(place -> place <> 0, arrayMap((code, place) -> if(code > 0, place, 0), codes, arrayEnumerate(codes)))
      AS next_code,
    arrayReverseFill(
      (t, goes_on) -> NOT goes_on,
      times,
      arrayPushBack(arrayMap((a, b) -> a = b, arrayPopBack(conversations), arrayPopFront(conversations)), 0)) AS last_times,
    arrayFilter((place, kind) -> kind = 'question_asked', arrayEnumerate(kinds), kinds) AS asked_at
  FROM gathered
),
turns AS (
  SELECT
    contact_key, visit, i,
    conversations[i] AS conversation,
    questions[i] AS question,
    times[i] AS asked_t,
    messages[i] AS prompt_key,
    last_times[i] AS last_t,
    next_code[i + 1] AS j,
    if(j > 0 AND conversations[j] = conversation, codes[j], 0) AS how,
    times[j] AS ended_t
  FROM walked
  ARRAY JOIN
    asked_at AS i,
    arrayCumSum(
      (i, before) -> NOT (conversations[i] = conversations[before] AND questions[i] = questions[before]),
      asked_at,
      arrayPushFront(arrayPopBack(asked_at), asked_at[1])) AS visit
),
visits AS (
  SELECT
    any(question) AS question,
    argMax(how, i) AS last_how,
    intDiv(argMax(ended_t, i) - min(asked_t), 1000000) AS seconds,
    multiIf(
      last_how = 1, 1,
      max(how IN (2, 3)) OR min(prompt_key IN (SELECT message_key FROM lost)), 2,
      last_how = 4, 3,
      any(last_t) > horizon - 86400000000, 4,
      2) AS outcome
  FROM turns
  GROUP BY contact_key, visit
)
SELECT
  question,
  countIf(outcome = 2) AS has_left,
  countIf(outcome <> 4) AS decided,
  countIf(outcome = 1) AS answered,
  quantileExactLowIf(0.5)(seconds, outcome = 1) AS median
FROM visits
GROUP BY question
SETTINGS optimize_aggregation_in_order = 1;
