//! `trichter init`: a configuration to begin with, from a look at the logs.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{CONFIG, Done, now, print, say, write_whole};
use crate::channels::Reason;
use crate::config::{Config, Lang, Zone};
use crate::error::{Error, Result};
use crate::event::Time;
use crate::ingest::input::{self, Source};
use crate::ingest::{self, Balance, Plan};
use crate::report::text::printable;
use crate::store::words::NULL;
use crate::store::{self, Key, Snapshot, Store};

/// How many bytes of logs are looked at, as they stand in the files.
const LOOK: u64 = 256 << 20;
/// How many names are written down of each kind.
const MOST: usize = 40;

/// Write a trichter.toml to begin with: looks at logs and says what it found there.
///
/// What only the business knows is left as a comment to be filled in. The logs are read as 'check' would, and nothing of them is
/// kept.
///
/// Example: trichter init /var/log/whatsapp --out /etc/trichter/trichter.toml
#[derive(clap::Args)]
pub(super) struct Init {
    /// Logs: files, folders and globs.
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
    /// Where to write it; '-' is standard output. Without --force nothing is written over.
    #[arg(long, value_parser = super::on_disk, value_name = "FILE", default_value = CONFIG)]
    out: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
    /// Time zone in which days begin, such as Europe/Berlin.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: String,
    /// Language of the reports.
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    lang: Lang,
}

/// What was found.
#[derive(Default)]
struct Found {
    n_sources: usize,
    n_looked_at: usize,
    balance: Balance,
    span: Option<(Time, Time)>,
    campaigns: BTreeMap<String, u64>,
    /// Of each flow, its questions with the sum and number of their places among those of their contact.
    flows: BTreeMap<String, BTreeMap<String, (u64, u64)>>,
}

impl Init {
    pub(super) fn run(&self, quiet: bool) -> Result<Done> {
        let to_stdout = self.out == Path::new("-");
        if !to_stdout && self.out.exists() && !self.force {
            return Err(Error::Usage(format!(
                "'{}' is there already: --force writes over it, --out names another",
                self.out.display()
            )));
        }
        let zone = Zone::parse(&self.timezone).map_err(Error::Usage)?;
        let sources = input::sources(&self.inputs)?;
        let found = look(&sources, &zone)?;
        let text = self.text(&found)?;
        // What is written can be read.
        Config::parse(&text, &self.out)?;
        if to_stdout {
            print(&text)?;
        } else {
            write_whole(&self.out, text.as_bytes())?;
            if !quiet {
                say(&format!("{}: from {} records", self.out.display(), found.balance.records.received));
            }
        }
        Ok(Done::Well)
    }

    fn text(&self, found: &Found) -> Result<String> {
        let mut text = Text::default();
        text.comment("What trichter does every night, and what it knows about the logs. 'trichter explain' and the README tell more.");
        text.comment("");
        let Balance { records, .. } = &found.balance;
        text.comment(&format!(
            "Looked at: {} of {} files, {} records, {} of them refused.",
            found.n_looked_at, found.n_sources, records.received, records.rejected
        ));
        for (channel, n) in found.balance.channels() {
            text.comment(&format!("  {channel}: {n} records"));
        }
        if let Some((first, last)) = found.span {
            text.comment(&format!("  from {first} to {last}"));
        }
        for (reason, n) in &found.balance.reasons {
            text.comment(&format!("  {n} times {reason}"));
            if let Some(remedy) = Reason::remedy(reason) {
                text.comment(&format!("    {remedy}"));
            }
        }
        self.running(&mut text)?;
        text.plain("\n[report]");
        text.key("zone", &self.timezone);
        text.key(
            "lang",
            match self.lang {
                Lang::En => "en",
                Lang::De => "de",
            },
        );
        text.hint("title = \"Conversations of our shop\"");
        text.hint("minimum = 30   # shares of fewer observations are shown pale");
        let needs = |part: &str| found.balance.reasons.keys().any(|reason| reason.contains(part));
        if needs("no_zone") {
            text.plain("\n# Some times in the logs name no zone. Is this theirs?\n[input]");
            text.key("zone", &self.timezone);
        }
        if needs(":business") {
            text.plain("\n# Who writes for the business in exported chats.\n[chat_export]\nbusiness = [\"…\"]");
        }
        text.plain("\n# How long things may take; these are the defaults.\n[windows]");
        text.plain("session_gap = \"24h\"\nreply = \"24h\"\nattribution = \"24h\"");
        text.plain("\n# What is kept of a person: keyed hashes instead of ids, and no text.\n[privacy]");
        text.plain("contact_ids = \"pseudonym\"\ntext = \"drop\"");
        knowledge(&mut text, found);
        Ok(text.0)
    }

    /// What a run does.
    fn running(&self, text: &mut Text) -> Result<()> {
        text.plain("\n[run]");
        text.plain("store = \"store\"");
        let inputs = self.inputs.iter().map(|input| absolute(input).map(|input| quoted(&input)));
        text.plain(&format!("inputs = [{}]", inputs.collect::<Result<Vec<_>>>()?.join(", ")));
        text.plain("rejects = \"rejects\"        # refused records, as they are: they may hold personal data");
        text.hint("max_rejects = \"1%\"       # more of them end a run with exit code 1");
        text.hint("metrics = \"/var/lib/prometheus/node-exporter/trichter.prom\"");
        text.plain("keep = \"30d\"               # how long older versions of the store can be opened");
        text.plain("\n[[run.report]]\nout = \"reports/all\"");
        text.plain("\n[[run.report]]\nout = \"reports/monthly\"\nperiod = \"month\"");
        text.plain("\n# Tables for other programs; 'trichter export --help' lists the targets.");
        text.hint("[[export]]");
        text.hint("target = \"parquet:export\"");
        text.plain("\n# What somebody is woken for, once until it is over, and who that is.");
        text.hint("[[alert]]");
        text.hint("name = \"Clicks changed\"");
        text.hint("metric = \"click_rate\"");
        text.hint("by = [\"channel\"]");
        text.hint("change = \"down\"");
        text.hint("[[alert]]");
        text.hint("name = \"Silence\"");
        text.hint("silent = \"1d\"");
        text.hint("by = [\"channel\", \"account\"]");
        text.hint("[alerts.mail]");
        text.hint("server = \"smtp.example.org\"");
        text.hint("login = \"trichter\"");
        text.hint("password_env = \"SMTP_PASSWORD\"");
        text.hint("from = \"trichter <trichter@example.org>\"");
        text.hint("to = [\"desk@example.org\"]");
        Ok(())
    }
}

/// What the logs tell of campaigns and flows.
fn knowledge(text: &mut Text, found: &Found) {
    let mut flows = 0;
    for (flow, questions) in &found.flows {
        if questions.len() < 2 {
            continue;
        }
        if flows == 0 {
            text.plain("\n# Scripted dialogues with their questions in the order in which they were mostly asked. Please check.");
        }
        flows += 1;
        let mut ordered: Vec<(&String, f64)> = questions.iter().map(|(name, place)| (name, mean(*place))).collect();
        ordered.sort_by(|left, right| left.1.total_cmp(&right.1).then(left.0.cmp(right.0)));
        let names: Vec<String> = ordered.iter().take(MOST).map(|(name, _)| quoted(name)).collect();
        text.plain(&format!("[[flow]]\nname = {}\nquestions = [{}]\n", quoted(flow), names.join(", ")));
    }
    if found.campaigns.is_empty() {
        text.plain("\n# No message names a campaign. If templates, tags or payloads do, say how:");
        text.hint("[[map]]");
        text.hint("tag = { pattern = '^(?P<campaign>[^/]+)/' }");
        text.hint("set = { campaign = \"${campaign}\" }");
        return;
    }
    text.plain(&format!("\n# Campaigns that messages name, {} in all:", found.campaigns.len()));
    let mut campaigns: Vec<(&String, &u64)> = found.campaigns.iter().collect();
    campaigns.sort_by(|left, right| right.1.cmp(left.1).then(left.0.cmp(right.0)));
    for (campaign, n) in campaigns.into_iter().take(MOST) {
        text.comment(&format!("  {campaign}: {n} messages"));
    }
    text.plain("# Where these names hold more than the campaign, a rule takes it out:");
    text.hint("[[map]]");
    text.hint("tag = { pattern = '^(?P<campaign>[^/]+)/' }");
    text.hint("set = { campaign = \"${campaign}\" }");
}

/// Reads some of the logs into a store that is thrown away.
fn look(sources: &[Source], zone: &Zone) -> Result<Found> {
    let mut left = LOOK;
    let mut looked_at = Vec::new();
    for source in sources {
        let n_bytes = std::fs::metadata(source.path()).map_or(0, |file| file.len());
        if looked_at.is_empty() || n_bytes <= left {
            left = left.saturating_sub(n_bytes);
            looked_at.push(source.clone());
        }
    }
    let folder = tempfile::tempdir().map_err(Error::write(Path::new("the temporary folder")))?;
    let key = Key::beside(folder.path())?;
    let mut store = Store::open_or_create(&folder.path().join("store"))?;
    let mut config = Config::default();
    config.report.zone = zone.clone();
    let plan = Plan {
        sources: &looked_at,
        channel: None,
        config: &config,
        key: &key,
        now: now(),
        following: None,
        stdin: &|| Box::new(std::io::stdin()) as Box<dyn Read + Send>,
        progress: &|_| {},
    };
    let balance = ingest::ingest(&mut store, &plan, &mut |_| Ok(()))?;
    let (n_sources, n_looked_at) = (sources.len(), looked_at.len());
    let mut found = Found { n_sources, n_looked_at, balance, ..Found::default() };
    count(&Snapshot::of(&store)?, &mut found)?;
    Ok(found)
}

/// What the events tell of campaigns, flows and time.
fn count(snapshot: &Snapshot, found: &mut Found) -> Result<()> {
    let reading = store::Reading { columns: &["campaign", "flow", "question"], since: None, until: None };
    let states = snapshot.fold(&reading, Found::default, |found, shard| {
        let [(campaigns, campaign_words), (flows, flow_words), (questions, question_words)] =
            ["campaign", "flow", "question"].map(|name| shard.words(name));
        for contact in shard.contacts() {
            let mut place = 0;
            let mut asked: Vec<(u32, u32)> = Vec::new();
            for row in contact.rows.clone() {
                let (campaign, flow, question) = (campaigns[row], flows[row], questions[row]);
                let at = Time(shard.at()[row]);
                found.span = Some(found.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
                if campaign != NULL {
                    let name = campaign_words.get(campaign).unwrap_or_default();
                    *found.campaigns.entry(name.to_owned()).or_default() += 1;
                }
                if flow != NULL && question != NULL && !asked.contains(&(flow, question)) {
                    asked.push((flow, question));
                    let questions = found.flows.entry(flow_words.get(flow).unwrap_or_default().to_owned()).or_default();
                    let name = question_words.get(question).unwrap_or_default().to_owned();
                    let (sum, n) = questions.entry(name).or_default();
                    (*sum, *n) = (*sum + place, *n + 1);
                    place += 1;
                }
            }
        }
        Ok(())
    })?;
    for state in states {
        for (campaign, n) in state.campaigns {
            *found.campaigns.entry(campaign).or_default() += n;
        }
        for (flow, questions) in state.flows {
            let known = found.flows.entry(flow).or_default();
            for (question, (sum, n)) in questions {
                let place = known.entry(question).or_default();
                *place = (place.0 + sum, place.1 + n);
            }
        }
        found.span = match (found.span, state.span) {
            (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
            (one, other) => one.or(other),
        };
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn mean((sum, n): (u64, u64)) -> f64 {
    sum as f64 / n.max(1) as f64
}

fn absolute(input: &str) -> Result<String> {
    let path = std::path::absolute(input).map_err(Error::read(Path::new(input)))?;
    Ok(path.to_string_lossy().into_owned())
}

/// A text in TOML. What JSON writes between quotes, TOML reads the same.
fn quoted(text: &str) -> String {
    serde_json::Value::from(printable(text)).to_string()
}

/// A file while it grows.
#[derive(Default)]
struct Text(String);

impl Text {
    fn plain(&mut self, text: &str) {
        self.0.extend([text, "\n"]);
    }

    /// Names out of logs stand in comments: nothing in them ends the line.
    fn comment(&mut self, text: &str) {
        let line = format!("# {}", printable(text));
        self.plain(line.trim_end());
    }

    /// A setting that is not made.
    fn hint(&mut self, text: &str) {
        self.plain(&format!("#{text}"));
    }

    fn key(&mut self, name: &str, value: &str) {
        self.plain(&format!("{name} = {}", quoted(value)));
    }
}
