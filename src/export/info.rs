//! What an export itself is: of which version of which store, by which program, with which configuration. No clock.

use serde::Serialize;

use super::columns::Value;
use super::table::{Class, Column, Kind, Table, VERSION};
use crate::config::Config;
use crate::facts::Settings;

/// What an export is. Equal stores, configurations and programs give equal ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Info {
    /// Version of the list of tables.
    pub schema_version: u32,
    /// Version of the program.
    pub program_version: String,
    /// Version of the store that was read.
    pub store_version: u64,
    /// The first instant of the log, if it has one. Microseconds.
    pub log_began_at: Option<i64>,
    /// The last instant that was taken into account, if there is one. Microseconds.
    pub horizon_at: Option<i64>,
    /// IANA name of the time zone of days.
    pub zone: String,
    /// Beginning of the range, if it has one. Microseconds.
    pub since_at: Option<i64>,
    /// End of the range, if it has one. Microseconds.
    pub until_at: Option<i64>,
    /// Hash of the configuration.
    pub configuration_hash: String,
}

impl Info {
    /// Of an export with this configuration, whose zone is that of the report.
    #[must_use]
    pub fn new(config: &Config, settings: &Settings, store_version: u64) -> Self {
        // An empty store has neither a beginning nor an end.
        let known = |at: i64| (settings.horizon > 0).then_some(at);
        Self {
            schema_version: VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            store_version,
            log_began_at: known(settings.log_began),
            horizon_at: known(settings.horizon),
            zone: config.report.zone.name().to_owned(),
            since_at: settings.since,
            until_at: settings.until,
            configuration_hash: blake3::hash(config.meaning().as_bytes()).to_hex().to_string(),
        }
    }

    pub(super) fn row(&self) -> Vec<Value<'_>> {
        vec![
            Value::Number(self.schema_version.into()),
            self.program_version.as_str().into(),
            self.store_version.into(),
            self.log_began_at.into(),
            self.horizon_at.into(),
            self.zone.as_str().into(),
            self.since_at.into(),
            self.until_at.into(),
            self.configuration_hash.as_str().into(),
        ]
    }
}

/// The table of one row that says it.
pub(super) fn table() -> Table {
    let columns = vec![
        Column::new("schema_version", Kind::Count, "version of the tables and columns of exports"),
        Column::new("program_version", Kind::Word, "version of the program that exported"),
        Column::new("store_version", Kind::Count, "version of the store that was exported"),
        Column::new("log_began_at", Kind::Instant, "first instant of the log; null: the store is empty"),
        Column::new(
            "horizon_at",
            Kind::Instant,
            "last instant that counts; what is undecided then is open; null: the store is empty",
        ),
        Column::new("zone", Kind::Word, "IANA name of the time zone in which days begin"),
        Column::new("since_at", Kind::Instant, "rows of facts begin here; null: with the log"),
        Column::new("until_at", Kind::Instant, "rows of facts end before; null: with the log"),
        Column::new("configuration_hash", Kind::Word, "equal for equal configurations, for one version of the program"),
    ];
    Table::small(Class::Info, "export_info", "export", &[], columns)
}
