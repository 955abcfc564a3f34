-- name: Containment rate without call-back
-- meaning: conversations in which no person took over or wrote, and after which the contact did not come back by themselves within the call-back window, of those in which the contact did something
-- unit: conversations
-- table: conversations
-- needs: handovers_measurable
-- bounded_above: handovers_bounded
-- vendors: Dialogflow CX (CONTAINED_SESSION_NO_CALLBACK_RATE)
-- follows: Dialogflow CX: contained and no call-back within 24 h
-- caveat: conversations that ended later than the window before the end of the log are left out; who comes back with something else has called back
SELECT
  segment,
  COUNT(*) FILTER (WHERE NOT with_human AND NOT called_back) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE n_inbound > 0 AND callback_decided AND handovers_measurable
GROUP BY segment
