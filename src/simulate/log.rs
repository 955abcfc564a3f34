//! The log: bodies become lines, wrapped or bare, delivered late, twice and out of order, with junk between them.
//!
//! Disorder happens inside a block of contacts, so that memory is bounded by the block and nothing is sorted as a whole.
//! Knows nothing of platforms but the junk that each of them may find in its log.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::dice::{Dice, Purpose};
use super::life::{DAY, Millis, SECOND};
use super::model::{Channel, START};
use crate::error::{Error, Result};

/// How likely each disturbance is.
#[derive(Serialize)]
pub(super) struct Noise {
    /// A record is delivered a second time.
    pub(super) delivered_twice: f64,
    /// A receipt is written down up to three days late.
    pub(super) late: f64,
    /// A line is wrapped in `{"received_at":…,"body":{…}}`.
    pub(super) wrapped: f64,
    /// A line is wrapped with its body as a JSON text.
    pub(super) wrapped_as_text: f64,
    /// There is a line of junk, per contact.
    pub(super) junk: f64,
}

pub(super) const NOISE: Noise =
    Noise { delivered_twice: 0.02, late: 0.01, wrapped: 0.3, wrapped_as_text: 0.05, junk: 0.02 };

/// How records end. A record that is delivered twice is accepted twice; its events count once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Records {
    pub(super) received: u64,
    pub(super) accepted: u64,
    /// Of the accepted ones: copies of another.
    pub(super) copies: u64,
    pub(super) ignored: u64,
    pub(super) rejected: u64,
}

impl Records {
    pub(super) fn add(&mut self, other: Self) {
        self.received += other.received;
        self.accepted += other.accepted;
        self.copies += other.copies;
        self.ignored += other.ignored;
        self.rejected += other.rejected;
    }
}

/// What kind of record a body is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Post {
    /// The platform calls the business.
    Webhook,
    /// The same, and it may come days late.
    Receipt,
    /// The body has no time of its own: the time of receipt is the event's, also when it is delivered again.
    Stamped,
    /// The business's own log of what it sent: always bare.
    OwnLog,
}

/// The lines of a block of contacts of one channel.
pub(super) struct Block {
    pub(super) records: Records,
    /// Chance for the contact being written.
    pub(super) noise: Dice,
    seed: u64,
    body: Vec<u8>,
    bytes: Vec<u8>,
    lines: Vec<Line>,
}

struct Line {
    logged_at: Millis,
    from: usize,
    to: usize,
}

impl Block {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            records: Records::default(),
            noise: Dice::new(seed, 0, Purpose::Noise),
            seed,
            body: Vec::new(),
            bytes: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Begins the lines of a contact.
    pub(super) fn contact(&mut self, contact: u64) {
        self.noise = Dice::new(self.seed, contact, Purpose::Noise);
    }

    /// An empty body, to be written and posted.
    pub(super) fn body(&mut self) -> &mut Vec<u8> {
        self.body.clear();
        &mut self.body
    }

    /// Puts the body that was just written into the log, once or twice. `at` is when it happened.
    pub(super) fn post(&mut self, at: Millis, post: Post) -> io::Result<()> {
        self.records.received += 1;
        self.records.accepted += 1;
        let envelope = match post {
            Post::OwnLog => None,
            Post::Stamped => Some(usize::from(self.noise.chance(0.2))),
            Post::Webhook | Post::Receipt => self.noise.which(&[NOISE.wrapped, NOISE.wrapped_as_text]),
        };
        let mut logged_at = at + self.noise.seconds(0, 90);
        if post == Post::Receipt && self.noise.chance(NOISE.late) {
            logged_at += self.noise.seconds(3_600, 3 * 86_400);
        }
        self.line(at, logged_at, post, envelope)?;
        if self.noise.chance(NOISE.delivered_twice) {
            self.records.received += 1;
            self.records.accepted += 1;
            self.records.copies += 1;
            let again = logged_at + self.noise.seconds(2, 900);
            self.line(at, again, post, envelope)?;
        }
        Ok(())
    }

    fn line(&mut self, at: Millis, logged_at: Millis, post: Post, envelope: Option<usize>) -> io::Result<()> {
        let received_at = Iso(if post == Post::Stamped { at } else { logged_at });
        let from = self.bytes.len();
        match envelope {
            Some(0) => {
                write!(self.bytes, r#"{{"received_at":"{received_at}","body":"#)?;
                self.bytes.extend_from_slice(&self.body);
                self.bytes.push(b'}');
            }
            Some(_) => {
                write!(self.bytes, r#"{{"received_at":"{received_at}","body":"#)?;
                serde_json::to_writer(&mut self.bytes, &String::from_utf8_lossy(&self.body))?;
                self.bytes.push(b'}');
            }
            None => self.bytes.extend_from_slice(&self.body),
        }
        self.lines.push(Line { logged_at, from, to: self.bytes.len() });
        Ok(())
    }

    /// A line of junk, now and then.
    pub(super) fn junk(&mut self, channel: Channel) {
        if !self.noise.chance(NOISE.junk) {
            return;
        }
        let logged_at = START + DAY + self.noise.seconds(0, 86_399);
        let junk = junk(channel);
        let place = usize::try_from(self.noise.below(u32::try_from(junk.len()).unwrap_or_default()));
        let Some(&(verdict, text)) = place.ok().and_then(|place| junk.get(place)) else { return };
        self.records.received += 1;
        match verdict {
            Verdict::Ignored => self.records.ignored += 1,
            Verdict::Rejected => self.records.rejected += 1,
        }
        let from = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        self.lines.push(Line { logged_at, from, to: self.bytes.len() });
    }

    /// The lines in the order in which they were logged.
    pub(super) fn in_order(&mut self) -> impl Iterator<Item = &[u8]> {
        // Stable: lines of one instant stay in the order of the contacts.
        self.lines.sort_by_key(|line| line.logged_at);
        self.lines.iter().filter_map(|line| self.bytes.get(line.from..line.to))
    }
}

/// How a line of junk ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ignored,
    Rejected,
}

const NOT_JSON: (Verdict, &str) = (Verdict::Rejected, "{oops: this is no JSON}");

/// What a channel's log holds beside conversations. Of nobody in particular, so that it changes no number.
pub(super) fn junk(channel: Channel) -> &'static [(Verdict, &'static str)] {
    match channel {
        Channel::Generic => &[
            NOT_JSON,
            (Verdict::Rejected, r#"{"kind":"message_sent","at":"2026-01-06T09:00:00Z","channel":"generic","contact_i"#),
            (
                Verdict::Rejected,
                r#"{"kind":"message_sent","at":"once upon a time","channel":"generic","account":"web","contact_id":"junk","message_id":"junk","event_id":"junk"}"#,
            ),
        ],
        Channel::Messenger => &[
            NOT_JSON,
            (Verdict::Rejected, r#"{"object":"page","entry":[{"id":"1009","time":176"#),
            (
                Verdict::Ignored,
                r#"{"object":"page","entry":[{"id":"100900800700600","time":1767690000000,"messaging":[{"sender":{"id":"1"},"recipient":{"id":"100900800700600"},"timestamp":1767690000000,"new_thing":{"x":1}}]}]}"#,
            ),
        ],
        Channel::Telegram => &[
            NOT_JSON,
            (Verdict::Rejected, r#"{"update_id":1,"message":{"message_id":1,"date":"#),
            (Verdict::Ignored, r#"{"update_id":2,"mystery_boost":{"boost_id":"b","date":1767690000}}"#),
            (
                Verdict::Rejected,
                r#"{"update_id":3,"message":{"message_id":3,"from":{"id":77,"is_bot":false,"first_name":"J"},"chat":{"id":77,"type":"private"},"date":7,"text":"x"}}"#,
            ),
        ],
        Channel::WhatsApp => &[
            NOT_JSON,
            (Verdict::Rejected, r#"{"object":"whatsapp_business_account","entry":[{"id":"1020"#),
            (
                Verdict::Ignored,
                r#"{"object":"whatsapp_business_account","entry":[{"id":"102030405060708","time":1767690000,"changes":[{"field":"account_update","value":{"event":"VERIFIED_ACCOUNT"}}]}]}"#,
            ),
            (
                Verdict::Rejected,
                r#"{"object":"whatsapp_business_account","entry":[{"id":"102030405060708","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"493012345678","phone_number_id":"106540352242922"},"contacts":[{"wa_id":"491"}],"messages":[{"from":"491","id":"wamid.junk","timestamp":"asdf","type":"text","text":{"body":"x"}}]}}]}]}"#,
            ),
        ],
    }
}

/// An instant as ISO-8601 in UTC.
pub(super) struct Iso(pub(super) Millis);

impl fmt::Display for Iso {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        fmt::Display::fmt(&timestamp, formatter)
    }
}

/// Text as JSON, with its quotes.
pub(super) struct Json<'t>(pub(super) &'t str);

impl fmt::Display for Json<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&serde_json::to_string(self.0).map_err(|_| fmt::Error)?)
    }
}

/// The files of one channel, `CHANNEL-001.ndjson` and on, each closed when it has grown past a size.
pub(super) struct Files {
    folder: PathBuf,
    channel: &'static str,
    limit: u64,
    written: u64,
    open: Option<(PathBuf, BufWriter<File>)>,
    /// How many there are so far.
    pub(super) n_opened: u64,
    /// How many bytes they hold.
    pub(super) n_bytes: u64,
}

impl Files {
    pub(super) fn new(folder: &Path, channel: Channel, limit: u64) -> Self {
        let folder = folder.to_path_buf();
        Self { folder, channel: channel.name(), limit, written: 0, open: None, n_opened: 0, n_bytes: 0 }
    }

    /// Writes a line.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<()> {
        if self.open.is_some() && self.written >= self.limit {
            self.close()?;
        }
        let (path, file) = match &mut self.open {
            Some(open) => open,
            closed => {
                self.n_opened += 1;
                self.written = 0;
                let path = self.folder.join(format!("{}-{:03}.ndjson", self.channel, self.n_opened));
                let file = File::create(&path).map_err(Error::write(&path))?;
                closed.insert((path, BufWriter::with_capacity(1 << 18, file)))
            }
        };
        file.write_all(line).and_then(|()| file.write_all(b"\n")).map_err(Error::write(path))?;
        let length = line.len() as u64 + 1;
        self.written += length;
        self.n_bytes += length;
        Ok(())
    }

    /// Closes the last file. What is not closed may be lost.
    pub(super) fn close(&mut self) -> Result<()> {
        if let Some((path, mut file)) = self.open.take() {
            file.flush().map_err(Error::write(&path))?;
        }
        Ok(())
    }
}

/// Whole seconds of an instant.
pub(super) fn unix(at: Millis) -> i64 {
    at.div_euclid(SECOND)
}
