-- name: Question loop rate
-- name[de]: Schleifenrate der Frage
-- meaning: visits in which the contact stood at the question for the third time or came back by the way they had gone, of all visits
-- meaning[de]: Besuche, in denen der Kontakt zum dritten Mal bei der Frage stand oder auf demselben Weg zurückkam, von allen Besuchen
-- unit: visits
-- unit[de]: Besuche
-- table: visits
-- follows: process mining: loops of length one (A-A-A) and two (A-B-A)
-- follows[de]: Prozessanalyse: Schleifen der Länge eins (A-A-A) und zwei (A-B-A)
-- caveat: a bot that offers a menu again and again loops by design
-- caveat[de]: ein Bot, der immer wieder ein Menü anbietet, läuft mit Absicht in Schleifen
SELECT
  segment,
  COUNT(*) FILTER (WHERE loop_kind IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM visits
GROUP BY segment
