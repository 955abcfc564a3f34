-- name: Containment rate without call-back
-- name[de]: Rate des Fallabschlusses ohne Menschen und ohne Rückkehr
-- meaning: conversations in which no person took over or wrote, and after which the contact did not come back by themselves within the call-back window, of those in which the contact did something
-- meaning[de]: Gespräche, in denen kein Mensch übernahm oder schrieb und nach denen der Kontakt innerhalb des Rückkehrfensters nicht von selbst wiederkam, von denen, in denen der Kontakt etwas tat
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: handovers_measurable
-- bounded_above: handovers_bounded
-- vendors: Dialogflow CX (CONTAINED_SESSION_NO_CALLBACK_RATE)
-- follows: Dialogflow CX: contained and no call-back within 24 h
-- follows[de]: Dialogflow CX: ohne Übergabe und ohne Rückkehr binnen 24 h
-- caveat: conversations that ended later than the window before the end of the log are left out; who comes back with something else has called back
-- caveat[de]: Gespräche, die später als das Fenster vor dem Ende des Protokolls endeten, sind ausgelassen; wer mit etwas anderem wiederkommt, ist zurückgekehrt
SELECT
  segment,
  COUNT(*) FILTER (WHERE NOT with_human AND NOT called_back) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_inbound > 0 AND callback_decided AND handovers_measurable
GROUP BY segment
