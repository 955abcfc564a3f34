//! `trichter.toml`: what the numbers mean, and what `trichter run` does with them. Single commands are told how to run by flags.
//!
//! Every key has a default; unknown keys are refused with their line.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;
use regex::Regex;
use serde::{Deserialize, Deserializer};

use crate::error::{Error, Result, line_of};
use crate::event::{Kind, SECOND};

pub mod alert;
mod clicks;
mod compliance;
mod cost;
pub mod counted;
mod currency;
mod experiment;
mod export;
mod flow;
mod percent;
mod report;
mod retention;
mod run;
mod service;
mod table;
mod whole;

pub use alert::{Alert, Alerts};
pub use clicks::{Clicks, LinkPattern};
pub use compliance::Compliance;
pub use cost::{Card, Item, Ladder, Missing, Per, Rule};
pub use experiment::{Experiment, Shares};
pub use export::Export;
pub use flow::Flow;
pub use percent::Percent;
pub use report::{Colour, Lang, Report};
pub use retention::{Age, Keep, PERMISSION, Retention};
pub use run::{Limit, Period, ReportOrder, Run};
pub use service::{Service, Timetable};
pub use table::{Cell, Columns, Table, TableEvent, TableEvents, TableField, TableKind, TableList, TableQuestions};
pub use whole::whole;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How records are found in the logs.
    pub input: Input,
    /// What is kept of a person.
    pub privacy: Privacy,
    /// How long what is known is kept.
    pub retention: Retention,
    /// How reports count days.
    pub report: Report,
    /// How long things may take.
    pub windows: Windows,
    /// What may be sent after an opt-out, and what counts as consent.
    pub compliance: Compliance,
    /// When people are there to answer.
    pub service: Service,
    /// In which shares contacts were meant to come into the variants of an experiment.
    pub experiment: BTreeMap<String, Experiment>,
    /// Column names of chat transcripts.
    pub transcript: Transcript,
    /// What exports of chats do not tell.
    pub chat_export: ChatExport,
    /// What `trichter run` does.
    pub run: Run,
    /// Where tables for other programs go.
    pub export: Vec<Export>,
    /// What somebody is woken for.
    pub alert: Vec<Alert>,
    /// How often an alarm may be false, and who is told.
    pub alerts: Alerts,
    /// Which requests in the logs of web servers are clicks, and whose.
    pub clicks: Clicks,
    /// Which columns of exported tables hold what.
    pub table: Vec<Table>,
    /// Scripted dialogues whose questions are known in order.
    #[serde(deserialize_with = "flow::placed")]
    pub flow: Vec<Flow>,
    /// Which messages are campaigns, questions and flows.
    pub map: Vec<MapRule>,
    /// What messages cost: `cost.toml`, a file of its own.
    #[serde(skip)]
    pub cost: Option<Card>,
}

/// `[input]`: how records are found in the logs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Input {
    /// JSON pointer to the platform's body inside a log line; found by itself for common shapes.
    pub body: Option<String>,
    /// JSON pointer to the time of receipt inside a log line.
    pub received_at: Option<String>,
    /// Time zone of date-times that name none. Without it such records are refused.
    pub zone: Option<Zone>,
}

/// `[chat_export]`: what exports of chats do not tell.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChatExport {
    /// Names under which the business writes, as they stand in the exports.
    pub business: Vec<String>,
    /// Order of day, month and year in exports whose own dates do not show it. Without it such an export is refused: the
    /// wrong order would move messages by months.
    pub date_order: Option<DateOrder>,
}

/// In which order a date is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// `31.12.2026`.
    Dmy,
    /// `12/31/2026`.
    Mdy,
    /// `2026-12-31`.
    Ymd,
}

/// `[privacy]`: what is kept of a person.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Privacy {
    /// `pseudonym` (default): contact and message ids are replaced by keyed hashes. `plain`: kept as they are.
    pub contact_ids: ContactIds,
    /// `drop` (default): free text is read for opt-outs and forgotten. `keep`: stored in `answer`.
    pub text: TextPolicy,
}

/// How contact ids are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactIds {
    /// Keyed hash.
    #[default]
    Pseudonym,
    /// As the platform gives them.
    Plain,
}

/// What happens to free text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextPolicy {
    /// Read for opt-outs and rules, then forgotten.
    #[default]
    Drop,
    /// Stored in the `answer` column.
    Keep,
}

/// `[windows]`: how long things may take.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Windows {
    /// A conversation ends when neither side acted for longer than this. Default 24 h.
    pub session_gap: Window,
    /// Messages sent this soon after the first belong to the same opening. Default 60 s.
    pub opening: Window,
    /// A click or reply counts for a message within this long. Default 24 h.
    pub reply: Window,
    /// An opt-out is attributed to the last message before it within this long. Default 24 h.
    pub attribution: Window,
    /// Who has not answered a question this long after it counts as lost to it. Default twice the session gap.
    pub decision: Option<Window>,
}

impl Default for Windows {
    fn default() -> Self {
        let day = Window(24 * 3600 * SECOND);
        Self { session_gap: day, opening: Window(60 * SECOND), reply: day, attribution: day, decision: None }
    }
}

impl Windows {
    /// How long after a question it is said who has left, in microseconds.
    #[must_use]
    pub fn decision(&self) -> i64 {
        self.decision.map_or(self.session_gap.0.saturating_mul(2), |decision| decision.0)
    }
}

/// A length of time in microseconds, written `90s`, `15m`, `24h`, `7d`. A day is 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(pub i64);

impl Window {
    /// Reads `90s`, `15m`, `24h`, `7d` and their sums (`1d 12h`).
    ///
    /// # Errors
    /// The text is not a length of time, or it is not positive.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let hint = || format!("'{text}' is not a length of time; write 90s, 15m, 24h or 7d");
        let span: jiff::Span = text.parse().map_err(|_| hint())?;
        let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| hint())?;
        let micros = i64::try_from(duration.as_micros()).map_err(|_| hint())?;
        if micros <= 0 {
            return Err(format!("'{text}' is not longer than zero"));
        }
        Ok(Self(micros))
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A named time zone of the IANA database.
#[derive(Clone, Debug)]
pub struct Zone(pub TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// Reads an IANA name such as `Europe/Berlin`. The names come from the database bundled with the program.
    ///
    /// # Errors
    /// No such zone.
    pub fn parse(name: &str) -> std::result::Result<Self, String> {
        jiff::tz::TimeZoneDatabase::bundled()
            .get(name)
            .map(Self)
            .map_err(|_| format!("no time zone '{name}'; write an IANA name such as 'Europe/Berlin'"))
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).map_err(serde::de::Error::custom)
    }
}

/// `[transcript]`: which columns of a chat transcript hold what, and what its directions are called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Transcript {
    /// Channel under which the transcript is filed. Default `generic`.
    pub channel: String,
    /// Column that names the conversation. It is the contact too where no contact is named.
    pub conversation: String,
    /// Column that names the contact.
    pub contact: String,
    /// Column that tells who wrote.
    pub direction: String,
    /// Column with the time.
    pub at: String,
    /// Column with the text.
    pub text: String,
    /// Column with the question.
    pub question: String,
    /// Column with the campaign.
    pub campaign: String,
    /// Column with the flow.
    pub flow: String,
    /// Column with the message's id.
    pub message_id: String,
    /// Values of `direction` that mean: the contact wrote.
    pub inbound: Vec<String>,
    /// Values of `direction` that mean: the business wrote.
    pub outbound: Vec<String>,
}

impl Default for Transcript {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Self {
            channel: "generic".into(),
            conversation: "conversation".into(),
            contact: "contact".into(),
            direction: "direction".into(),
            at: "at".into(),
            text: "text".into(),
            question: "question".into(),
            campaign: "campaign".into(),
            flow: "flow".into(),
            message_id: "message_id".into(),
            inbound: words(&["inbound", "in", "incoming", "received", "user", "contact", "customer"]),
            outbound: words(&["outbound", "out", "outgoing", "sent", "bot", "agent", "business"]),
        }
    }
}

/// `[[map]]`: what the business knows about its messages. All conditions must hold; rules apply in their order, and a
/// later rule overrides an earlier one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapRule {
    /// Only this channel.
    pub channel: Option<String>,
    /// Only this account.
    pub account: Option<String>,
    /// Only messages of the business (`outbound`) or of the contact (`inbound`).
    pub direction: Option<Direction>,
    /// Template name.
    pub template: Option<Match>,
    /// The business's own tag: callback data, echo metadata.
    pub tag: Option<Match>,
    /// Payload of the button or option.
    pub payload: Option<Match>,
    /// Text of the message.
    pub text: Option<Match>,
    /// Fields to set. `$name` and `${name}` stand for named groups of the patterns above.
    #[serde(default)]
    pub set: SetFields,
    /// Further events that happened with the message.
    #[serde(default, deserialize_with = "kinds")]
    pub emit: Vec<Kind>,
}

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The contact.
    Inbound,
    /// The business.
    Outbound,
}

/// A condition on text: `"exact"`, `{ prefix = "…" }` or `{ pattern = "regular expression" }`.
#[derive(Clone, Debug)]
pub enum Match {
    /// Equal.
    Exact(String),
    /// Begins with.
    Prefix(String),
    /// A regular expression finds something; its named groups can be used in `set`.
    Pattern(Regex),
}

impl<'de> Deserialize<'de> for Match {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "write \"text\", { prefix = \"text\" } or { pattern = \"regular expression\" }")]
        enum Form {
            Exact(String),
            Table(Table),
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "snake_case")]
        enum Table {
            Prefix(String),
            Pattern(String),
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::Exact(text) => Self::Exact(text),
            Form::Table(Table::Prefix(text)) => Self::Prefix(text),
            Form::Table(Table::Pattern(text)) => Self::Pattern(Regex::new(&text).map_err(serde::de::Error::custom)?),
        })
    }
}

/// The fields that a rule can set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SetFields {
    /// See the column of this name.
    pub campaign: Option<String>,
    /// See the column of this name.
    pub flow: Option<String>,
    /// See the column of this name.
    pub flow_version: Option<String>,
    /// See the column of this name.
    pub question: Option<String>,
    /// See the column of this name.
    pub variant: Option<String>,
    /// See the column of this name.
    pub topic: Option<String>,
    /// See the column of this name.
    pub answer: Option<String>,
}

fn kinds<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<Kind>, D::Error> {
    let names: Vec<String> = Vec::deserialize(deserializer)?;
    names
        .iter()
        .map(|name| Kind::from_name(name).ok_or_else(|| serde::de::Error::custom(format!("no kind of event '{name}'"))))
        .collect()
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, has an unknown key or a value that contradicts another.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
        Self::parse(&text, path)
    }

    /// Reads the text of a `trichter.toml`; `path` is named in errors.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let mut config: Self = toml::from_str(text).map_err(Error::toml(path, text))?;
        config.check(text, path)?;
        if let (Some(folder), Some(tokens)) = (path.parent(), &mut config.clicks.tokens) {
            *tokens = folder.join(&*tokens);
        }
        let Report { logo, queries, .. } = &mut config.report;
        if let Some(folder) = path.parent() {
            config.run.placed(folder);
            logo.iter_mut().chain(queries).for_each(|path| *path = folder.join(&*path));
            alert::place(&mut config.alert, folder);
            config.alerts.place(folder);
        }
        Ok(config)
    }

    /// What it says of the numbers, as text: nothing of comments, of the order of keys, of what is made of the numbers where and of
    /// how long things are kept. Equal for equal
    /// configurations, for one version of the program.
    #[must_use]
    pub fn meaning(&self) -> String {
        let flow = self.flow.iter().map(Flow::unplaced).collect();
        let (export, alert, alerts, run) = (Vec::new(), Vec::new(), Alerts::default(), Run::default());
        let retention = Retention::default();
        format!("{:?}", Self { retention, run, export, alert, alerts, flow, ..self.clone() })
    }

    /// Refuses settings that contradict each other.
    fn check(&self, text: &str, path: &Path) -> Result<()> {
        if let Some((at, message)) = flow::contradiction(&self.flow) {
            return Err(Error::Config { path: path.to_path_buf(), line: Some(line_of(text, at)), message });
        }
        let refuse = |message: String| Err(Error::Config { path: path.to_path_buf(), line: None, message });
        if self.windows.opening.0 > self.windows.session_gap.0 {
            return refuse("windows.opening is longer than windows.session_gap".into());
        }
        for (number, rule) in self.map.iter().enumerate() {
            let conditions = [&rule.template, &rule.tag, &rule.payload, &rule.text];
            if conditions.iter().all(|condition| condition.is_none())
                && rule.account.is_none()
                && rule.channel.is_none()
            {
                return refuse(format!(
                    "[[map]] rule {} has no condition, so it would match every message",
                    number + 1
                ));
            }
        }
        for pointer in [&self.input.body, &self.input.received_at].into_iter().flatten() {
            if !pointer.starts_with('/') {
                return refuse(format!("'{pointer}' is not a JSON pointer; write '/key' or '/outer/inner'"));
            }
        }
        if let Some(contradiction) = self.clicks.contradiction() {
            return refuse(contradiction);
        }
        if let Some(contradiction) = self.service.contradiction(self.windows.session_gap) {
            return refuse(contradiction);
        }
        if let Some(contradiction) = experiment::contradiction(&self.experiment) {
            return refuse(contradiction);
        }
        if let Some(contradiction) = alert::contradiction(&self.alert) {
            return refuse(contradiction);
        }
        for table in &self.table {
            if let Some(contradiction) = table.contradiction(self.clicks.tokens.is_some()) {
                return refuse(contradiction);
            }
        }
        for (n, table) in self.table.iter().enumerate() {
            if let Some(before) = self.table.iter().take(n).find(|before| before.takes_all_of(table)) {
                return refuse(format!(
                    "[[table]] '{}' is never reached, because all its rows are of '{}', which stands before it; \
                     write it first",
                    table.name, before.name
                ));
            }
        }
        for word in &self.transcript.inbound {
            if self.transcript.outbound.contains(word) {
                return refuse(format!("transcript.inbound and transcript.outbound both have '{word}'"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Config::parse(text, Path::new("trichter.toml")).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let message = error("[windows]\nsession_gap = \"1h\"\nsesion_gap = \"2h\"\n");
        assert!(
            message.starts_with("trichter.toml:3: unknown field `sesion_gap`; did you mean 'session_gap'?"),
            "{message}"
        );
    }

    #[test]
    fn lengths_of_time_are_read_with_their_unit() {
        assert_eq!(Window::parse("7d"), Ok(Window(7 * 86_400 * SECOND)));
        assert_eq!(Window::parse("90s"), Ok(Window(90 * SECOND)));
        assert!(Window::parse("7").is_err());
        assert!(Window::parse("-1h").is_err());
    }

    #[test]
    fn a_slip_in_a_table_or_a_link_is_refused_with_its_line() {
        let table = "[[table]]\nname = \"t\"\nwhen = [\"a\"]\n";
        for (text, expected) in [
            ("[clicks]\nurl = ['/r/(?<tokn>\\w+)']\n", ":2: a link cannot tell 'tokn'; did you mean 'token'?"),
            ("[clicks]\nurl = ['/r/(']\n", ":2: "),
            ("[clicks]\nurl = ['/r/']\n", ":2: '/r/' has no named group"),
            ("[clicks]\nurls = []\n", ":2: unknown field `urls`; did you mean 'url'?"),
            ("[clicks]\nurl = ['/(?<token>.)']\n", ": clicks.url finds a token, but clicks.tokens names no table"),
            ("[clicks]\nurl = ['/(?<contact>.)']\n", ": clicks.channel is missing"),
            (&format!("{table}colums = {{}}\n"), ":4: unknown field `colums`; did you mean 'columns'?"),
            (
                &format!("{table}columns = {{ contct = \"c\" }}\n"),
                ":4: unknown variant `contct`; did you mean 'contact'?",
            ),
            (
                &format!("{table}[table.events]\nmessage_send = \"at\"\n"),
                ":5: a table tells no 'message_send'; did you mean 'message_sent'?",
            ),
            (
                &format!("{table}[table.events]\npayment = {{ at = \"at\", colums = {{}} }}\n"),
                ":5: unknown field `colums`; did you mean 'columns'?",
            ),
            (
                &format!("{table}[table.events]\npayment = [\"a\", {{ at = \"at\", fi = \"b\" }}]\n"),
                ":5: unknown field `fi`",
            ),
            (
                &format!("{table}[table.events]\npayment = 7\n"),
                ":5: invalid type: integer `7`, expected \"time column\"",
            ),
            (&format!("{table}columns = {{ contact = {{ val = \"c\" }} }}\n"), ":4: unknown field `val`"),
            (&format!("{table}columns = {{ token = \"c\" }}\n"), ": [[table]] 't' has tokens, but clicks.tokens"),
            (&format!("{table}[table.events]\npayment = \"at\"\n"), ": [[table]] 't' names no contact"),
        ] {
            let message = error(text);
            assert!(message.starts_with(&format!("trichter.toml{expected}")), "{text}{message}");
        }
    }

    #[test]
    fn a_table_that_no_row_can_reach_is_refused() {
        let table = |name: &str, rows: &str| {
            format!(
                "[[table]]\nname = \"{name}\"\n{rows}\ncolumns = {{ contact = \"c\" }}\nevents = {{ payment = \"at\" }}\n"
            )
        };
        let [wide, narrow] = [table("wide", "when = [\"c\"]"), table("narrow", "when = [\"c\", \"order\"]")];
        assert!(
            error(&format!("{wide}{narrow}")).contains("'narrow' is never reached, because all its rows are of 'wide'")
        );
        assert!(Config::parse(&format!("{narrow}{wide}"), Path::new("trichter.toml")).is_ok());
        let [bot, any] = ["[\"BOT\"]", "[\"USER\", \"BOT\"]"]
            .map(|values| table("sender", &format!("when = [\"c\"]\nwhere = {{ sender = {values} }}")));
        assert!(error(&format!("{any}{bot}")).contains("never reached"));
        assert!(Config::parse(&format!("{bot}{any}"), Path::new("trichter.toml")).is_ok());
    }

    #[test]
    fn the_table_of_tokens_is_looked_for_beside_the_configuration() {
        let text = "[clicks]\nurl = ['/r/(?<token>.+)']\ntokens = \"web/tokens.csv\"\n";
        let tokens = |path: &str| Config::parse(text, Path::new(path)).unwrap().clicks.tokens.unwrap();
        assert_eq!(tokens("logs/trichter.toml"), Path::new("logs/web/tokens.csv"));
        assert_eq!(tokens("trichter.toml"), Path::new("web/tokens.csv"));
    }

    #[test]
    fn a_rule_without_condition_is_refused() {
        assert!(error("[[map]]\nset = { campaign = \"x\" }\n").contains("has no condition"));
    }
}
