-- name: Repeating bot rate
-- name[de]: Rate sich wiederholender Bots
-- meaning: conversations in which the bot asked or sent the same again after the contact had written or tapped, of those with two replies of the bot in a row that can be compared
-- meaning[de]: Gespräche, in denen der Bot dasselbe noch einmal fragte oder sandte, nachdem der Kontakt geschrieben oder getippt hatte, von denen mit zwei vergleichbaren Antworten des Bots in Folge
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: authors_known
-- follows: process mining: rework
-- follows[de]: Prozessanalyse: Nacharbeit
-- caveat: only questions and templates can be compared: free text is not kept; a menu is repeated by design
-- caveat[de]: nur Fragen und Vorlagen lassen sich vergleichen: Freier Text wird nicht aufbewahrt; ein Menü wiederholt sich mit Absicht
SELECT
  segment,
  COUNT(*) FILTER (WHERE n_replies_repeated > 0) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_replies_compared > 0 AND authors_known
GROUP BY segment
