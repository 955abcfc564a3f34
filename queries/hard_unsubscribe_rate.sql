-- name: Hard unsubscribe rate
-- name[de]: Harte Abmelderate
-- meaning: messages after which the contact blocked or left the business, of messages that reached the contact
-- meaning[de]: Nachrichten, nach denen der Kontakt das Unternehmen sperrte oder verließ, von Nachrichten, die den Kontakt erreichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: blocks_measurable
-- follows: Telegram, Viber and WeChat report blocks; WhatsApp, Messenger and Instagram do not
-- follows[de]: Telegram, Viber und WeChat melden Sperren; WhatsApp, Messenger und Instagram nicht
-- caveat: not measurable on a platform that does not tell of blocks
-- caveat[de]: nicht messbar auf einer Plattform, die Sperren nicht meldet
SELECT
  segment,
  COUNT(*) FILTER (WHERE opted_out_kind = 'hard') AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND blocks_measurable
GROUP BY segment
