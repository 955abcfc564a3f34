//! `trichter audit`: which messages broke a rule of permission, with what the log has against each.

use super::{Done, Form, Limit, Reading, Written, print, print_json, render};
use crate::error::Result;
use crate::facts::audit::Audit;
use crate::store;

/// List every message that broke a rule: sent after an opt-out, outside the service window, or marketing without an opt-in.
///
/// Each has the evidence beside it: the opt-out or the contact's last act, and the line of the log that tells of the sending.
/// Then come counts per rule. What the log cannot tell is n/a.
///
/// Example: trichter audit --store /tmp/store
///
/// Example: trichter audit --store /tmp/store --since 2026-05-01 --format csv --fail-on violations
#[derive(clap::Args)]
pub(super) struct AuditCommand {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    written: Written,
    /// End with exit code 1 if there is any.
    #[arg(long, value_enum, value_name = "WHAT")]
    fail_on: Option<Limit>,
}

impl AuditCommand {
    pub(super) fn run(&self) -> Result<Done> {
        let opened = self.reading.open()?;
        let columns = Audit::events();
        let settings = &opened.settings;
        let reading = store::Reading { columns: &columns, since: None, until: settings.until };
        let parts = opened.snapshot.fold(&reading, Audit::default, |audit, shard| {
            audit.add(shard, settings);
            Ok(())
        })?;
        let mut audit = Audit::default();
        for part in parts {
            audit.merge(part);
        }
        audit.violations.sort_unstable();
        match self.written.form() {
            Form::Table => print(&render::audit::table(&audit))?,
            Form::Json => print_json(&render::audit::json(&audit))?,
            Form::Csv => print(&render::audit::csv(&audit)?)?,
        }
        let is_missed = self.fail_on.is_some() && !audit.violations.is_empty();
        Ok(if is_missed { Done::LimitMissed } else { Done::Well })
    }
}
