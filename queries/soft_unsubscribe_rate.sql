-- name: Soft unsubscribe rate
-- meaning: messages after which the contact wrote or tapped stop, of messages that reached the contact
-- unit: messages
-- table: messages
-- needs: stops_measurable
-- follows: Iterable and Braze: the last message before the opt-out within a window
-- caveat: text is recognised in the languages of the program's list; unusual wordings are missed
SELECT
  segment,
  COUNT(*) FILTER (WHERE opted_out_kind = 'soft') AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND stops_measurable
GROUP BY segment
