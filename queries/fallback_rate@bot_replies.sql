-- name: Fallback rate of replies
-- name[de]: Nichtverstehen je Antwort des Bots
-- meaning: times the bot did not understand, of messages of the business
-- meaning[de]: wie oft der Bot nicht verstand, von Nachrichten des Unternehmens
-- unit: fallbacks per message
-- unit[de]: Nichtverstehen je Nachricht
-- table: conversations
-- needs: fallbacks_measurable
-- vendors: Quickchat (fallback rate)
-- follows: Quickchat: fallback replies / bot replies
-- follows[de]: Quickchat: Antworten des Nichtverstehens / Antworten des Bots
-- caveat: messages that people wrote for the business count among the replies; greetings count too
-- caveat[de]: Nachrichten, die Menschen für das Unternehmen schrieben, zählen zu den Antworten; Grüße auch
SELECT
  segment,
  SUM(n_fallback) AS numerator,
  SUM(n_outbound) AS denominator
FROM conversations
WHERE fallbacks_measurable
GROUP BY segment
