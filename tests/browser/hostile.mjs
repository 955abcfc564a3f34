// Writes a log whose campaigns, questions and answers are names that nobody should have, to standard output.

const NAMES = [
  "<script>document.title = 'owned'</script>",
  "<img src=x onerror=\"document.title = 'owned'\">",
  "=cmd()|' /C calc'!A0",
  "x".repeat(10_000),
  "‮عروض الربيع للعملاء الجدد‬",
  "🎁🎉👩‍👩‍👧‍👦🏳️‍🌈",
  "Wort".repeat(40),
  "${7*7}{{7*7}}\" ' & </template></title></style></script>",
];
const START = Date.UTC(2026, 2, 2, 8) / 1000;
const write = (kind, seconds, contact, more) =>
  console.log(JSON.stringify({ kind, at: START + seconds, contact_id: `k-${contact}`, channel: "sms", account: "a", ...more }));

let contact = 0;
for (const [place, campaign] of NAMES.entries()) {
  for (let n = 0; n < 40; n += 1) {
    contact += 1;
    const at = place * 86_400 + n * 60;
    const message_id = `m${contact}`;
    write("message_sent", at, contact, { message_id, campaign });
    write("message_delivered", at + 2, contact, { message_id });
    if (n % 2 === 0) write("message_opened", at + 30, contact, { message_id });
    if (n % 8 === 1) write("opted_out_soft", at + 40, contact, { answer: campaign });
    if (n % 3 !== 0) continue;
    // Two flows, so that there is something to choose.
    const flow = n % 2 === 0 ? NAMES[0] : NAMES[3];
    for (const [step, question] of NAMES.entries()) {
      write("question_asked", at + 60 + step * 20, contact, { question, flow, message_id: `q${contact}-${step}` });
      if (n / 3 < step) break;
      write("question_answered", at + 70 + step * 20, contact, { question, flow, answer: campaign });
    }
  }
}
