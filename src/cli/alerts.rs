//! `trichter alerts`: judges what is watched, tells whom it may concern, and remembers what it told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Done, Opened, Reading, now, print, write_whole};
use crate::alerts::deliver::mail::Mail;
use crate::alerts::deliver::webhook::Webhook;
use crate::alerts::deliver::{Letter, Patience};
use crate::alerts::{self, Alert, Arrivals, Night, Standing, State};
use crate::config::alert::{Secret, Url};
use crate::config::{Config, Window};
use crate::error::{Error, Result};
use crate::ingest::Balance;
use crate::metrics::Rate;
use crate::report::Language;
use crate::report::text::printable;

/// Name of the file in a store's folder that says which alerts hold and who was told.
const STATE: &str = "alerts.json";
/// Why that file needs a disk.
const NEEDS_DISK: &str = "who was told of which alert is kept beside a store on a disk; name such a store";

/// Judge what '[[alert]]' watches, and tell whom '[alerts]' names: each alert once until it is over.
///
/// What was judged before is not judged again. The exit code is 1 if an alert was raised, and 2 if somebody could not be
/// told; the next run tells them again.
///
/// Example: trichter alerts --store /tmp/store
#[derive(clap::Args)]
pub(super) struct AlertsCommand {
    /// Folder of the store.
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// What is watched, and who is told. Default: trichter.toml in the store's folder, if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Judge as if the log ended before this day or instant.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Print what was raised and what is over as JSON, one alert a line.
    #[arg(long)]
    json: bool,
    /// Judge and print, but tell nobody and remember nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What became of the alerts of one night.
pub(super) struct Told {
    /// What was raised and what is over, in the order of the configuration.
    pub(super) news: Vec<Alert>,
    /// Everything that holds.
    pub(super) standing: Vec<Alert>,
    /// Who could not be told, and why. They are told by the next run.
    pub(super) untold: Vec<String>,
}

impl Told {
    /// Whether something was raised.
    pub(super) fn is_raised(&self) -> bool {
        self.news.iter().any(|alert| alert.state == Standing::Raised)
    }

    /// The error that names everybody who could not be told.
    ///
    /// # Errors
    /// Somebody could not be told.
    pub(super) fn check(&self) -> Result<()> {
        if self.untold.is_empty() {
            return Ok(());
        }
        let message = format!("alerts could not be told: {}", self.untold.join("; "));
        let remedy = "see to the receiver, or to [alerts] in the configuration; the next run tells it everything";
        Err(Error::Target { message, remedy })
    }
}

impl AlertsCommand {
    pub(super) fn run(&self) -> Result<Done> {
        let opened = Reading {
            store: Some(self.store.clone()),
            since: None,
            until: self.until.clone(),
            timezone: None,
            config: self.config.clone(),
            as_of: None,
        }
        .open()?;
        let told = judge_and_tell(&opened, None, self.dry_run)?;
        if self.json {
            for alert in &told.news {
                let line = serde_json::to_string(alert).map_err(|error| Error::Usage(error.to_string()))?;
                print(&format!("{line}\n"))?;
            }
        } else {
            print(&listed(&told))?;
        }
        told.check()?;
        Ok(if told.is_raised() { Done::LimitMissed } else { Done::Well })
    }
}

/// What is new, then what holds all the same.
fn listed(told: &Told) -> String {
    let line = |mark: &str, alert: &Alert| format!("{mark:<8}{}\n", printable(&alert.text));
    let news = told.news.iter().map(|alert| match alert.state {
        Standing::Raised => line("raised", alert),
        Standing::Cleared => line("over", alert),
    });
    let still = told.standing.iter().filter(|alert| !told.news.contains(alert)).map(|alert| line("still", alert));
    let text: String = news.chain(still).collect();
    if text.is_empty() { "no alert\n".to_owned() } else { text }
}

/// Judges what is watched and tells everybody who does not know it yet. `run` is the balance of the ingest that this is part
/// of. With `dry_run` nobody is told and nothing is remembered.
///
/// What could not be told is no error here, so that the caller can write down first what was found: see [`Told::check`].
///
/// # Errors
/// A secret is missing, an alert watches what does not exist, or the state cannot be read or written.
pub(super) fn judge_and_tell(opened: &Opened, run: Option<&Balance>, dry_run: bool) -> Result<Told> {
    let config = &opened.config;
    // A missing secret shows itself on the first quiet night, not on the first bad one.
    let receivers = if dry_run { Vec::new() } else { receivers(config)? };
    let path = opened.store.place().disk(NEEDS_DISK)?.join(STATE);
    let mut state = read(&path)?;
    let log = if run.is_none() { opened.store.log()? } else { Vec::new() };
    let arrivals = match run {
        Some(balance) => {
            let Balance { records, .. } = balance;
            Arrivals::Run(Rate { numerator: records.rejected, denominator: records.received })
        }
        None => Arrivals::Log(&log),
    };
    let until = opened.until.map(|time| time.0);
    let night = Night { snapshot: &opened.snapshot, config, until, now: now().0, arrivals };
    let language = Language::from(config.report.lang);
    let findings = alerts::judge(&night, &state)?;
    let news = alerts::conclude(findings, &mut state, config, language);
    let mut told = Told { news, standing: state.standing().cloned().collect(), untold: Vec::new() };
    if dry_run || config.alert.is_empty() {
        return Ok(told);
    }
    // Whatever happens on the way to the receivers, what was found is not lost.
    write(&path, &state)?;
    for (name, receiver) in &receivers {
        let untold: Vec<Alert> = state.untold(name).cloned().collect();
        if untold.is_empty() {
            continue;
        }
        match receiver.tell(&Letter::new(untold.iter().collect(), language), language) {
            Ok(()) => {
                state.tell(name);
                write(&path, &state)?;
            }
            Err(why) => told.untold.push(format!("{name}: {why}")),
        }
    }
    let names: Vec<&str> = receivers.iter().map(|(name, _)| *name).collect();
    state.forget(&names);
    write(&path, &state)?;
    Ok(told)
}

fn read(path: &Path) -> Result<State> {
    if !path.exists() {
        return Ok(State::default());
    }
    let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
    State::parse(&text).map_err(|message| Error::Config { path: path.to_path_buf(), line: None, message })
}

fn write(path: &Path, state: &State) -> Result<()> {
    let text = serde_json::to_string_pretty(state).map_err(|error| Error::Usage(error.to_string()))?;
    let text = text + "\n";
    if std::fs::read(path).is_ok_and(|before| before == text.as_bytes()) {
        return Ok(());
    }
    write_whole(path, text.as_bytes())
}

/// Somebody who is told.
enum Receiver {
    Webhook(Webhook),
    Mail(Mail),
}

impl Receiver {
    fn tell(&self, letter: &Letter<'_>, language: Language) -> std::result::Result<(), String> {
        match self {
            Self::Webhook(webhook) => webhook.post(letter, Patience::default()),
            Self::Mail(mail) => mail.send(letter, language, now(), Patience::default()),
        }
    }
}

/// Everybody whom the configuration names, with their secrets.
fn receivers(config: &Config) -> Result<Vec<(&'static str, Receiver)>> {
    let mut receivers = Vec::new();
    let duration = |Window(micros): Window| Duration::from_micros(u64::try_from(micros).unwrap_or_default());
    if let Some(webhook) = &config.alerts.webhook {
        let url = match &webhook.url {
            Url::Plain(url) => url.clone(),
            Url::Secret(place) => secret(place)?,
        };
        let token = webhook.token.as_ref().map(secret).transpose()?;
        let (ca_file, timeout) = (webhook.ca_file.clone(), duration(webhook.timeout));
        receivers.push(("webhook", Receiver::Webhook(Webhook { url, token, ca_file, timeout })));
    }
    if let Some(mail) = &config.alerts.mail {
        let login = match &mail.login {
            Some((login, password)) => Some((login.clone(), secret(password)?)),
            None => None,
        };
        receivers.push((
            "mail",
            Receiver::Mail(Mail {
                server: mail.server.clone(),
                port: mail.port,
                tls: mail.tls,
                login,
                from: mail.from.clone(),
                to: mail.to.clone(),
                ca_file: mail.ca_file.clone(),
                timeout: duration(mail.timeout),
            }),
        ));
    }
    Ok(receivers)
}

/// A secret from where it is kept.
fn secret(place: &Secret) -> Result<String> {
    let (text, known_as) = match place {
        Secret::Env(name) => (std::env::var(name).unwrap_or_default(), format!("the environment's {name}")),
        Secret::File(path) => {
            (std::fs::read_to_string(path).map_err(Error::read(path))?, format!("'{}'", path.display()))
        }
    };
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(Error::Usage(format!("{known_as} holds no secret, and [alerts] names it"))),
        text => Ok(text.to_owned()),
    }
}
