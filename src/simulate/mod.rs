//! The simulator: logs in the platforms' own formats, and the truth that an engine reading them must find.
//!
//! A contact's life is drawn from stated probabilities (`model`), counted on the spot (`truth`) and written as raw
//! log lines (one file per channel). It knows nothing of the engine: no fact, metric or channel reader is used.
//!
//! Contacts are drawn block by block, so memory does not grow with their number. Records are late, doubled and out of
//! order inside a block; the files of a channel each hold the whole range of time for some of its contacts.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::event::Time;

mod dice;
mod generic;
mod life;
mod log;
mod messenger;
mod model;
mod rules;
mod tally;
mod telegram;
#[cfg(test)]
mod tests;
mod truth;
mod verdict;
mod whatsapp;

use life::Life;
use log::{Block, Files, Records};
use model::{Calendar, Channel};
use truth::Truth;
use verdict::Verdict;

/// Contacts in a block, and blocks in memory at once.
const BLOCK: u64 = 512;
const AT_ONCE: u64 = 8;

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many contacts receive the campaigns. One more writes the last message of the logs.
    pub contacts: u64,
    /// How many days the logs span; at least 2. There are five campaigns from 18 days on.
    pub days: u32,
    /// Equal settings give equal bytes.
    pub seed: u64,
    /// Names of channels; empty means every one that can be simulated.
    pub channels: Vec<String>,
    /// The folder for `logs/`, `trichter.toml` and `truth.json`. It is made if it is not there.
    pub out: PathBuf,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Contacts of whom the logs speak.
    pub contacts: u64,
    /// Lines.
    pub records: u64,
    /// Log files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The instant of the last event.
    pub horizon: Time,
}

/// Writes `logs/CHANNEL-NNN.ndjson`, `trichter.toml` and `truth.json`.
///
/// # Errors
/// A channel is not known, the days are too few, there are logs already, or a file cannot be written.
pub fn simulate(settings: &Settings) -> Result<Summary> {
    let channels = channels(&settings.channels)?;
    let Some(calendar) = Calendar::new(settings.days) else {
        return Err(Error::Usage("a simulation takes at least 2 days".into()));
    };
    let logs = settings.out.join("logs");
    fs::create_dir_all(&logs).map_err(Error::write(&logs))?;
    // Logs of another run would be read together with these.
    if fs::read_dir(&logs).map_err(Error::read(&logs))?.next().is_some() {
        return Err(Error::Usage(format!("'{}' is not empty; name another folder", logs.display())));
    }

    // A few files per channel however small the simulation is, and none too large to look into.
    let limit = settings.contacts.saturating_mul(1_024).clamp(1 << 18, 1 << 26);
    let (mut truth, mut records) = (Truth::default(), BTreeMap::new());
    let (mut n_files, mut n_bytes) = (0, 0);
    let n_channels = channels.len() as u64;
    for (place, &channel) in (0..n_channels).zip(&channels) {
        let mut files = Files::new(&logs, channel, limit);
        let mut total = Records::default();
        let mut take = |(mut block, counts): (Block, Truth)| {
            total.add(block.records);
            truth.add(&counts);
            block.in_order().try_for_each(|line| files.line(line))
        };
        // Every channel has each n-th contact.
        let contacts = settings.contacts / n_channels + u64::from(place < settings.contacts % n_channels);
        let blocks: Vec<u64> = (0..contacts.div_ceil(BLOCK)).collect();
        for group in blocks.chunks(usize::try_from(AT_ONCE).unwrap_or(1)) {
            let written: Vec<io::Result<(Block, Truth)>> = group
                .par_iter()
                .map(|number| {
                    let numbers = number * BLOCK..contacts.min((number + 1) * BLOCK);
                    let lives =
                        numbers.map(|number| Life::draw(settings.seed, number * n_channels + place, channel, calendar));
                    draw_block(settings.seed, calendar, lives)
                })
                .collect();
            for block in written {
                take(block.map_err(Error::write(&logs))?)?;
            }
        }
        if place == 0 {
            let last = Life::last_word(settings.contacts, channel, calendar.end());
            take(draw_block(settings.seed, calendar, std::iter::once(last)).map_err(Error::write(&logs))?)?;
        }
        files.close()?;
        n_files += files.n_opened;
        n_bytes += files.n_bytes;
        records.insert(channel.name(), total);
    }

    let n_records = records.values().map(|records| records.received).sum();
    let contacts = truth.facts.get("contacts").map_or(0, |by_channel| by_channel.values().sum());
    write(&settings.out.join("trichter.toml"), rules::toml())?;
    let verdict = Verdict::new(settings, &channels, calendar, records, truth);
    let json = serde_json::to_string_pretty(&verdict).map_err(io::Error::from);
    let path = settings.out.join("truth.json");
    write(&path, json.map_err(Error::write(&path))? + "\n")?;
    let horizon = Time(calendar.end() * 1_000);
    Ok(Summary { contacts, records: n_records, files: n_files, bytes: n_bytes, horizon })
}

/// The channels of these names, each once, in alphabetical order; all if none is named.
fn channels(names: &[String]) -> Result<Vec<Channel>> {
    let known = || Channel::ALL.iter().map(|channel| channel.name().to_owned()).collect();
    let mut channels = names
        .iter()
        .map(|name| {
            Channel::named(name).ok_or_else(|| Error::Unknown { what: "channel", name: name.clone(), known: known() })
        })
        .collect::<Result<Vec<Channel>>>()?;
    channels.sort_unstable();
    channels.dedup();
    Ok(if channels.is_empty() { Channel::ALL.to_vec() } else { channels })
}

/// Writes and counts the lives of a block.
fn draw_block(seed: u64, calendar: Calendar, lives: impl Iterator<Item = Life>) -> io::Result<(Block, Truth)> {
    let (mut block, mut truth) = (Block::new(seed), Truth::default());
    for life in lives {
        truth.count(&life, calendar.end());
        block.contact(life.contact);
        match life.channel {
            Channel::Generic => generic::write(&life, &mut block)?,
            Channel::Messenger => messenger::write(&life, &mut block)?,
            Channel::Telegram => telegram::write(&life, &mut block)?,
            Channel::WhatsApp => whatsapp::write(&life, &mut block)?,
        }
        block.junk(life.channel);
    }
    Ok((block, truth))
}

fn write(path: &Path, text: String) -> Result<()> {
    fs::write(path, text).map_err(Error::write(path))
}
