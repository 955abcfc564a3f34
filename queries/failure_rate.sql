-- name: Failure rate
-- meaning: messages that failed, of all messages sent, on every channel
-- unit: messages
-- table: messages
-- bounded: failures_bounded
-- vendors: Braze (failure rate)
-- follows: Meta and Twilio: the status 'failed', counted only where nothing was delivered afterwards
-- caveat: a channel without receipts tells of a failure only while sending; withheld (suppressed) messages are left out
SELECT
  segment,
  COUNT(*) FILTER (WHERE failed_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE NOT suppressed
GROUP BY segment
