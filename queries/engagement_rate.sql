-- name: Engagement rate
-- name[de]: Beteiligungsrate
-- meaning: conversations in which the contact answered, tapped, clicked or reacted to the opening, of conversations that the business opened with a message that reached the contact
-- meaning[de]: Gespräche, in denen der Kontakt auf die Eröffnung antwortete, tippte, klickte oder reagierte, von Gesprächen, die das Unternehmen mit einer Nachricht eröffnete, die den Kontakt erreichte
-- unit: conversations
-- unit[de]: Gespräche
-- table: conversations
-- needs: engagement_measurable
-- bounded: engagement_bounded
-- follows: the contact interacts with the first message
-- follows[de]: der Kontakt geht auf die erste Nachricht ein
-- caveat: an answer without pointer counts for the opening until the business sends its next message; a written stop is an answer too
-- caveat[de]: eine Antwort ohne Bezug zählt für die Eröffnung, bis das Unternehmen seine nächste Nachricht sendet; auch ein geschriebenes Stopp ist eine Antwort
SELECT
  segment,
  COUNT(*) FILTER (WHERE engaged) AS numerator,
  COUNT(*) AS denominator
FROM conversations
WHERE initiated_by = 'business' AND first_message_reached AND engagement_measurable
GROUP BY segment
