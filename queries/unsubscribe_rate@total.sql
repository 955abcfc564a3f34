-- name: Unsubscribes per message
-- meaning: all opt-outs after messages, repeated ones of the same contact too, of messages that reached the contact
-- unit: opt-outs per message
-- table: messages
-- needs: opt_outs_measurable
-- bounded: opt_outs_bounded
-- vendors: BotHelp (unsubscribes); Iterable (total unsubscribes)
-- follows: BotHelp and Iterable: three unsubscribes of one person count three times
-- caveat: a ratio, not a share: a contact who writes stop three times counts three times, so it has no interval
SELECT
  segment,
  SUM(n_opt_outs) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND opt_outs_measurable
GROUP BY segment
