-- name: Erasure pending
-- name[de]: Ausstehende Löschungen
-- meaning: contacts who asked to have their data erased and are still in the store, of all contacts in it
-- meaning[de]: Kontakte, die um Löschung ihrer Daten baten und noch im Speicher sind, von allen Kontakten darin
-- unit: contacts
-- unit[de]: Kontakte
-- table: contacts
-- needs: engagement_measurable
-- follows: GDPR Art. 17 and 12(3): erasure without undue delay, an answer within a month
-- follows[de]: DSGVO Art. 17 und 12 Abs. 3: Löschung unverzüglich, Auskunft darüber binnen eines Monats
-- caveat: a state at the end of the range, whenever it was asked for; a wish in words that no rule recognises is not found; whoever was erased is no contact any more
-- caveat[de]: ein Stand am Ende des Zeitraums, wann auch immer darum gebeten wurde; ein Wunsch in Worten, die keine Regel erkennt, wird nicht gefunden; wer gelöscht wurde, ist kein Kontakt mehr
SELECT
  segment,
  COUNT(*) FILTER (WHERE erasure_requested_at IS NOT NULL) AS numerator,
  COUNT(*) AS denominator
FROM contacts
WHERE engagement_measurable
GROUP BY segment
