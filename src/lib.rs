//! trichter: conversation funnel analytics. Raw messenger logs in; rates, question drop-off and a report out.
//!
//! The pipeline in one piece: logs become events in a [`store`], events become [`facts`], and [`metrics`] count them.
//! `ARCHITECTURE.md` says what each module is for and what the numbers mean.
//!
//! ```
//! use trichter::config::Config;
//! use trichter::facts::Settings;
//! use trichter::ingest::{self, Plan, input};
//! use trichter::metrics::{self, Ask, Scope};
//! use trichter::simulate;
//! use trichter::store::{Key, Snapshot, Store};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Raw logs of a small business, and what it knows about its own messages.
//! let folder = tempfile::tempdir()?;
//! simulate::simulate(&simulate::Settings {
//!     contacts: 40,
//!     days: 20,
//!     seed: 1,
//!     channels: vec!["whatsapp".into()],
//!     out: folder.path().into(),
//! })?;
//! let config = Config::load(&folder.path().join("trichter.toml"))?;
//!
//! // Logs in.
//! let sources = input::sources(&[folder.path().join("logs").display().to_string()])?;
//! let path = folder.path().join("store");
//! let key = Key::beside(&path)?;
//! let mut store = Store::open_or_create(&path)?;
//! let plan = Plan {
//!     sources: &sources,
//!     channel: None,
//!     config: &config,
//!     key: &key,
//!     now: trichter::event::Time(1_800_000_000_000_000),
//!     following: None,
//!     stdin: &|| Box::new(std::io::empty()),
//!     progress: &|_| {},
//! };
//! let balance = ingest::ingest(&mut store, &plan, &mut |_reject| Ok(()))?;
//! let records = balance.records;
//! assert_eq!(records.received, records.accepted + records.ignored + records.rejected);
//!
//! // Numbers out: how many of the delivered messages were read, campaign by campaign.
//! let snapshot = Snapshot::of(&store)?;
//! let settings = Settings::new(&config, &snapshot, None, None);
//! let scope = Scope { settings: &settings, zone: config.report.zone.0.clone(), flows: &config.flow };
//! let answers = metrics::answer(&snapshot, &scope, &[Ask::new("open_rate", &["campaign"])])?;
//! for row in &answers[0].rows {
//!     let rate = row.counts.rate().ok_or("open_rate is a rate")?;
//!     assert!(0 < rate.numerator && rate.numerator <= rate.denominator, "{:?}", row.segment);
//! }
//! # Ok(())
//! # }
//! ```

pub mod alerts;
pub mod calendar;
pub mod channels;
pub mod charts;
pub mod cli;
pub mod config;
mod embedded;
pub mod error;
pub mod event;
pub mod export;
pub mod facts;
pub mod funnel;
pub mod ingest;
pub mod job;
pub mod kernel;
pub mod measures;
pub mod metrics;
pub mod rate;
pub mod report;
pub mod simulate;
pub mod statistics;
pub mod store;
