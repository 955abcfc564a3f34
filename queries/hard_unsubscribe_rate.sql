-- name: Hard unsubscribe rate
-- meaning: messages after which the contact blocked or left the business, of messages that reached the contact
-- unit: messages
-- table: messages
-- needs: blocks_measurable
-- follows: Telegram, Viber and WeChat report blocks; WhatsApp, Messenger and Instagram do not
-- caveat: not measurable on a platform that does not tell of blocks
SELECT
  segment,
  COUNT(*) FILTER (WHERE opted_out_kind = 'hard') AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND blocks_measurable
GROUP BY segment
