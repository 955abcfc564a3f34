-- name: Outside the service window
-- meaning: free-form messages sent later than the channel's service window after the contact's last act, of free-form messages
-- unit: messages
-- table: messages
-- needs: window_measurable
-- follows: WhatsApp, Messenger, Instagram and WeChat: customer service windows, dated in src/facts/rules.toml
-- caveat: only where the log tells what contacts do and which messages are templates or bear a tag; acts before the log began are unknown
SELECT
  segment,
  COUNT(*) FILTER (WHERE breaks_window) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE window_measurable AND is_free_form
GROUP BY segment
