-- name: Dismissed rate
-- name[de]: Rate weggelegter Nachrichten
-- meaning: messages opened and then neither clicked nor answered before the next message or the end of the reply window, of messages opened and decided
-- meaning[de]: Nachrichten, die geöffnet und dann bis zur nächsten Nachricht oder bis zum Ende des Antwortfensters weder geklickt noch beantwortet wurden, von geöffneten und entschiedenen Nachrichten
-- unit: messages
-- unit[de]: Nachrichten
-- table: messages
-- needs: opens_measurable
-- follows: no vendor reports it: read within the window, no click, no reply, before the next send
-- follows[de]: kein Anbieter berichtet sie: im Fenster gelesen, kein Klick, keine Antwort, vor der nächsten Sendung
-- caveat: messages opened shortly before the end of the log are left out until they are decided
-- caveat[de]: kurz vor dem Ende des Protokolls geöffnete Nachrichten sind ausgelassen, bis sie entschieden sind
SELECT
  segment,
  COUNT(*) FILTER (WHERE dismissed) AS numerator,
  COUNT(*) AS denominator
FROM messages
WHERE opens_measurable AND dismissal_decided
GROUP BY segment
