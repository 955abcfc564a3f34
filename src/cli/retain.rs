//! `trichter retain`: applies the rules of `[retention]`.

use std::path::PathBuf;

use super::{Done, config, now, place, print, say};
use crate::config::{Config, PERMISSION};
use crate::error::{Error, Result};
use crate::event::{Kind, Time};
use crate::store::retain::{self, Retained, Rules};
use crate::store::{AsOf, NEEDS_DISK, Store};

/// Remove what is older than [retention] in trichter.toml allows.
///
/// Months whose events are all older than 'events' are taken out of the store, with everything they say, opt-outs too: whoever was
/// last heard of then is no contact any more, and numbers begin later. 'permission' keeps opt-ins and opt-outs longer, or 'forever'.
/// In months older than 'answers' what contacts may have written is taken out, and all else stays, taps among it. What is removed is deleted at once, so that versions before can no longer be opened.
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
        let loses_permission = PERMISSION.iter().any(|kind| rules.events.contains_key(kind));
        if !quiet && retained.rows > 0 && loses_permission {
            say(
                "opt-outs of that time are no longer known: keep them elsewhere before you write to anybody again, or here with [retention] permission",
            );
        }
        Ok(Done::Well)
    }
}

/// What the rules of a configuration keep at an instant.
pub(super) fn rules(config: &Config, now: Time) -> Rules {
    let retention = &config.retention;
    let first = |kind: &Kind| Some((*kind, retention.of(*kind)?.first_month(now)));
    Rules {
        events: Kind::ALL.iter().filter_map(first).collect(),
        words: retention.answers.as_ref().map(|age| age.first_month(now)),
    }
}

fn told(retained: &Retained, done: &str) -> String {
    let months = match retained.months.as_slice() {
        [] => "no whole month".to_owned(),
        [month] => month.clone(),
        [first, .., last] => format!("{} months from {first} to {last}", retained.months.len()),
    };
    let Retained { rows, thinned, with_words, .. } = retained;
    format!(
        "{months} {done}, and rows of {thinned} further data files: {rows} rows; words {done} from {with_words} data files\n"
    )
}
