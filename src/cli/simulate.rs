//! `trichter simulate`: raw logs in the platforms' own formats, with the truth that an analysis must find in them.

use std::path::PathBuf;

use super::{Done, print};
use crate::error::Result;
use crate::simulate::{Settings, simulate};

/// Make up raw logs, the rules that read them, and the truth about them.
///
/// Writes DIR/logs in the platforms' wire formats, DIR/trichter.toml, and DIR/truth.json with the counts that a perfect
/// analysis finds. Equal seeds give equal bytes.
///
/// Example: trichter simulate --out /tmp/sim --contacts 1000 --days 60 --seed 1
#[derive(clap::Args)]
pub(super) struct Simulate {
    /// Folder to write to.
    #[arg(long, value_parser = super::on_disk, value_name = "DIR")]
    out: PathBuf,
    /// Contacts who are written to.
    #[arg(long, value_name = "N", default_value = "1000")]
    contacts: u64,
    /// Days that the logs span.
    #[arg(long, value_name = "D", default_value = "60")]
    days: u32,
    /// Equal seeds give equal logs.
    #[arg(long, value_name = "S", default_value = "1")]
    seed: u64,
    /// Channels, separated by commas. Default: all that can be simulated.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    channels: Vec<String>,
}

impl Simulate {
    pub(super) fn run(&self, quiet: bool) -> Result<Done> {
        let settings = Settings {
            contacts: self.contacts,
            days: self.days,
            seed: self.seed,
            channels: self.channels.clone(),
            out: self.out.clone(),
        };
        let made = simulate(&settings)?;
        if !quiet {
            print(&format!(
                "{} contacts, {} records, {} files, {} bytes; the last event is at {}\n",
                made.contacts, made.records, made.files, made.bytes, made.horizon
            ))?;
        }
        Ok(Done::Well)
    }
}
