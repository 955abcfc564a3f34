-- name: Soft unsubscribe rate
-- name[de]: Weiche Abmelderate
-- meaning: messages after which the contact wrote or tapped stop, of messages that reached the contact
-- meaning[de]: Nachrichten, nach denen der Kontakt Stopp schrieb oder tippte, von Nachrichten, die den Kontakt erreichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: stops_measurable
-- follows: Iterable and Braze: the last message before the opt-out within a window
-- follows[de]: Iterable und Braze: die letzte Nachricht vor der Abmeldung innerhalb eines Fensters
-- caveat: text is recognised in the languages of the program's list; unusual wordings are missed
-- caveat[de]: Text wird in den Sprachen der Liste des Programms erkannt; ungewöhnliche Formulierungen entgehen ihr
SELECT
  segment,
  COUNT(*) FILTER (WHERE opted_out_kind = 'soft') AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE reached AND stops_measurable
GROUP BY segment
