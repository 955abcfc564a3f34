-- name: Repeated replies
-- name[de]: Wiederholte Antworten des Bots
-- meaning: replies in which the bot asked or sent again what its reply before did, of those that can be compared with the reply before
-- meaning[de]: Antworten, in denen der Bot dasselbe fragte oder sandte wie in seiner Antwort davor, von denen, die sich mit der Antwort davor vergleichen lassen
-- unit: replies
-- unit[de]: Antworten
-- table: conversations
-- needs: authors_known
-- follows: process mining: rework
-- follows[de]: Prozessanalyse: Nacharbeit
-- caveat: a reply is all that is said between two messages or taps of the contact; only questions and templates can be compared
-- caveat[de]: eine Antwort ist alles, was zwischen zwei Nachrichten oder Tippern des Kontakts gesagt wird; nur Fragen und Vorlagen lassen sich vergleichen
SELECT
  segment,
  SUM(n_replies_repeated) AS numerator,
  SUM(n_replies_compared) AS denominator
FROM conversations
WHERE authors_known
GROUP BY segment
