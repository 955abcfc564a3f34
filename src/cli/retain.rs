//! `trichter retain`: applies the rules of `[retention]`.

use std::path::PathBuf;

use super::{Done, config, now, place, print, say};
use crate::config::{Age, Config};
use crate::error::{Error, Result};
use crate::event::Time;
use crate::store::retain::{self, Retained, Rules};
use crate::store::{AsOf, NEEDS_DISK, Store};

/// Remove what is older than [retention] in trichter.toml allows.
///
/// Months whose events are all older than 'events' are taken out of the store, with everything they say, opt-outs too: whoever was
/// last heard of then is no contact any more, and numbers begin later. In months older than 'answers' what contacts may
/// have written is taken out, and all else stays, taps among it. What is removed is deleted at once, so that versions before can no longer be opened.
///
/// Example: trichter retain --store /tmp/store --dry-run
#[derive(clap::Args)]
pub(super) struct Retain {
    /// Folder of the store.
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// The rules. Default: trichter.toml in the store's folder.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only say what would be removed.
    #[arg(long)]
    dry_run: bool,
}

impl Retain {
    pub(super) fn run(&self, quiet: bool) -> Result<Done> {
        let config = config(self.config.as_deref(), Some(&place(&self.store)?))?;
        if !config.retention.is_some() {
            return Err(Error::Usage("no rule says what to remove: write [retention] into trichter.toml".into()));
        }
        let rules = rules(&config, now());
        let mut store = Store::open(place(&self.store)?.disk(NEEDS_DISK)?, AsOf::Latest)?;
        if self.dry_run {
            print(&told(&retain::preview(&store, &rules)?, "would be removed"))?;
            return Ok(Done::Well);
        }
        let retained = retain::retain(&mut store, &rules)?;
        print(&told(&retained, "removed"))?;
        if !quiet && !retained.months.is_empty() {
            say("opt-outs of these months are no longer known: keep them elsewhere before you write to anybody again");
        }
        Ok(Done::Well)
    }
}

/// What the rules of a configuration keep at an instant.
pub(super) fn rules(config: &Config, now: Time) -> Rules {
    let first = |age: Option<Age>| age.map(|age| age.first_month(now));
    Rules { events: first(config.retention.events), words: first(config.retention.answers) }
}

fn told(retained: &Retained, done: &str) -> String {
    let months = match retained.months.as_slice() {
        [] => "no month".to_owned(),
        [month] => month.clone(),
        [first, .., last] => format!("{} months from {first} to {last}", retained.months.len()),
    };
    format!("{months} ({} rows) {done}; words {done} from {} further data files\n", retained.rows, retained.with_words)
}
