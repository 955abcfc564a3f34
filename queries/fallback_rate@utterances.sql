-- name: Fallback rate of utterances
-- name[de]: Nichtverstehen je Äußerung
-- meaning: times the bot did not understand, of what contacts wrote, tapped, clicked and reacted with
-- meaning[de]: wie oft der Bot nicht verstand, von dem, was Kontakte schrieben, tippten, klickten und womit sie reagierten
-- unit: fallbacks per act
-- unit[de]: Nichtverstehen je Handlung
-- table: conversations
-- needs: fallbacks_measurable
-- vendors: Dashbot (not handled)
-- follows: Dashbot: not understood / user utterances
-- follows[de]: Dashbot: nicht verstanden / Äußerungen
-- caveat: a ratio: a bot may say twice that it did not understand
-- caveat[de]: ein Verhältnis: Ein Bot kann zweimal sagen, dass er nicht verstand
SELECT
  segment,
  SUM(n_fallback) AS numerator,
  SUM(n_inbound) AS denominator
FROM conversations
WHERE fallbacks_measurable
GROUP BY segment
