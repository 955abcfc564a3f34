//! The context: what a partition does not tell and its counts depend on. Made of the store once, and handed to every worker.
//!
//! Two contexts that are equal count the same; its hash goes along with every count.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Kernel;
use crate::config::counted;
use crate::error::{Error, Result};
use crate::event::Kind;
use crate::export::of_shards::OfShards;
use crate::export::table::{self, Class};
use crate::funnel::{Funnel, catalog};
use crate::metrics::Ask;
use crate::store::{Extent, Snapshot, Store};

/// What a context is made of besides the store.
pub struct Source<'s> {
    /// The text of the configuration, and what it is called.
    pub config: (&'s str, &'s Path),
    /// Name of the zone of days.
    pub zone: &'s str,
    /// Only what began then or later. Microseconds.
    pub since: Option<i64>,
    /// Only what began earlier. Microseconds.
    pub until: Option<i64>,
    /// What is asked of metrics.
    pub asks: &'s [Ask],
    /// What is asked of funnels.
    pub funnels: Vec<FunnelText>,
}

/// What all partitions have in common. Instants are microseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// Version of the program, which has to be that of all workers.
    pub program_version: String,
    /// The table's own id.
    pub table_id: String,
    /// Version of the store.
    pub store_version: u64,
    /// Data files of this version, by their paths below the table's folder.
    pub files: Vec<String>,
    /// Rows in them.
    pub n_rows: u64,
    began: Option<i64>,
    horizon: Option<i64>,
    channel_kinds: Vec<(String, String)>,
    beginnings: Vec<(String, Option<String>, i64)>,
    /// Only what began then or later.
    pub since: Option<i64>,
    /// Only what began earlier.
    pub until: Option<i64>,
    /// Zone in which days begin.
    pub timezone: String,
    /// The part of the configuration that counts depend on.
    pub config: Value,
    pub(super) asks: Vec<AskText>,
    /// Metrics that are no part of the program, by the names under which they are asked for.
    pub(super) queries: BTreeMap<String, String>,
    /// Funnels that are counted.
    pub funnels: Vec<FunnelText>,
    /// Columns of events with which counts are made, those by which they are sorted among them.
    pub columns: Vec<String>,
    /// Fact tables that can be made.
    pub facts: BTreeMap<String, FactTable>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskText {
    pub(super) metric: String,
    pub(super) by: Vec<String>,
    pub(super) clustered: bool,
}

/// A funnel as its author wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunnelText {
    /// Name, or path of the file.
    pub name: String,
    /// The definition.
    pub text: String,
    /// What it is broken down by, if not by what the definition says.
    pub by: Vec<String>,
}

/// A fact table: what it is made of, and how it looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactTable {
    /// Columns of events with which its rows are found, those by which they are sorted among them.
    pub columns: Vec<String>,
    /// Name and type of its columns: instant, day, number, count, flag or word.
    pub schema: Vec<(String, String)>,
}

impl FunnelText {
    /// The funnel of this name, or in the TOML file at this path.
    ///
    /// # Errors
    /// There is none, or the file cannot be read.
    pub fn find(name: &str, by: &[String]) -> Result<Self> {
        let path = Path::new(name);
        let text = if path.extension().is_some_and(|extension| extension == "toml") {
            std::fs::read_to_string(path).map_err(Error::read(path))?
        } else {
            // What is wrong with a name is told by the catalog.
            let funnel = catalog::find(name)?;
            catalog::text(&funnel.name).unwrap_or_default().to_owned()
        };
        Ok(Self { name: name.to_owned(), text, by: by.to_vec() })
    }

    /// Every funnel that the program brings.
    ///
    /// # Errors
    /// As [`catalog::all`].
    pub fn all() -> Result<Vec<Self>> {
        catalog::all()?.iter().map(|funnel| Self::find(&funnel.name, &[])).collect()
    }

    pub(super) fn funnel(&self) -> Result<Funnel> {
        let funnel = Funnel::parse(&self.text, Path::new(&self.name))?;
        if self.by.is_empty() { Ok(funnel) } else { funnel.broken_down(&self.by) }
    }
}

impl Context {
    /// That of a version of the store.
    ///
    /// # Errors
    /// A metric, funnel or configuration cannot be used.
    pub fn of(store: &Store, snapshot: &Snapshot, source: Source<'_>) -> Result<Self> {
        let Extent { began, horizon, channel_kinds, beginnings } = Extent::of(snapshot);
        let mut queries = BTreeMap::new();
        for ask in source.asks {
            let path = Path::new(&ask.metric);
            if path.extension().is_some_and(|extension| extension == "sql") {
                queries.insert(ask.metric.clone(), std::fs::read_to_string(path).map_err(Error::read(path))?);
            }
        }
        let ask = |ask: &Ask| AskText { metric: ask.metric.clone(), by: ask.by.clone(), clustered: ask.clustered };
        let mut files: Vec<String> = snapshot.files().map(|file| file.path.clone()).collect();
        files.sort_unstable();
        let mut context = Self {
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            table_id: store.id(),
            store_version: snapshot.version(),
            files,
            n_rows: snapshot.n_rows(),
            began,
            horizon,
            channel_kinds: channel_kinds.into_iter().map(|(channel, kind)| (channel, kind.name().to_owned())).collect(),
            beginnings: beginnings.into_iter().map(|((channel, account), at)| (channel, account, at)).collect(),
            since: source.since,
            until: source.until,
            timezone: source.zone.to_owned(),
            config: counted::cut(source.config.0, source.config.1)?,
            asks: source.asks.iter().map(ask).collect(),
            queries,
            funnels: source.funnels,
            columns: Vec::new(),
            facts: BTreeMap::new(),
        };
        let kernel = Kernel::new(&context)?;
        let columns = sorted(kernel.columns()?);
        let mut facts = BTreeMap::new();
        for table in table::all().iter().filter(|table| table.class == Class::Fact) {
            let Some(rows) = OfShards::new(table, kernel.settings(), kernel.zone()) else { continue };
            let schema = table.stored().iter().map(|column| (column.name.to_owned(), column.kind.name().to_owned()));
            facts
                .insert(table.name.to_owned(), FactTable { columns: sorted(rows.columns()), schema: schema.collect() });
        }
        (context.columns, context.facts) = (columns, facts);
        Ok(context)
    }

    /// Reads what [`Context::to_json`] wrote.
    ///
    /// # Errors
    /// It was written by another version of the program, or is no context.
    pub fn from_json(text: &str) -> Result<Self> {
        let broken = |error: serde_json::Error| Error::Elsewhere {
            message: format!("this is no context: {error}"),
            remedy: "'trichter kernel context --store DIR' writes one",
        };
        let value: Value = serde_json::from_str(text).map_err(broken)?;
        let version = value.get("program_version").and_then(Value::as_str).unwrap_or_default();
        let own = env!("CARGO_PKG_VERSION");
        if version != own && value.is_object() {
            return Err(Error::Elsewhere {
                message: format!("the context is of trichter {version}, and this is trichter {own}"),
                remedy: "install one version of trichter on the driver and on every worker, or ship it with the job: --ship",
            });
        }
        serde_json::from_value(value).map_err(broken)
    }

    /// As text, equal for equal contexts.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Equal for contexts that count the same.
    #[must_use]
    pub fn hash(&self) -> String {
        blake3::hash(self.to_json().as_bytes()).to_hex().to_string()
    }

    /// What the store says of itself.
    pub(super) fn extent(&self) -> Extent {
        let kind = |(channel, kind): &(String, String)| Some((channel.clone(), Kind::from_name(kind)?));
        let began = |(channel, account, at): &(String, Option<String>, i64)| ((channel.clone(), account.clone()), *at);
        Extent {
            began: self.began,
            horizon: self.horizon,
            channel_kinds: self.channel_kinds.iter().filter_map(kind).collect(),
            beginnings: self.beginnings.iter().map(began).collect(),
        }
    }

    /// The same asking what `other` asks, so that the two differ only if counts of one are none of the other.
    #[must_use]
    pub fn asking_as(self, other: &Self) -> Self {
        Self {
            asks: other.asks.clone(),
            queries: other.queries.clone(),
            funnels: other.funnels.clone(),
            columns: other.columns.clone(),
            ..self
        }
    }

    /// Refuses counts that were made with another context.
    ///
    /// # Errors
    /// They were, with what is different.
    pub fn check(&self, counted: &Self) -> Result<()> {
        let [own, other] = [self, counted].map(|context| serde_json::to_value(context).unwrap_or_default());
        if self.store_version != counted.store_version && self.table_id == counted.table_id {
            return Err(Error::Elsewhere {
                message: format!(
                    "the counts are of version {} of the store, which is at version {}",
                    counted.store_version, self.store_version
                ),
                remedy: "count again, or name the version with --as-of",
            });
        }
        let names = own.as_object().into_iter().flatten().filter(|(name, value)| other.get(name) != Some(*value));
        let names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(Error::Elsewhere {
            message: format!("the counts were made for something else; there is a difference in: {}", names.join(", ")),
            remedy: "give the same options as when they were made, or count again",
        })
    }
}

/// With the columns that every stream of events has.
fn sorted(columns: Vec<&str>) -> Vec<String> {
    let always = crate::store::stream::SORTED_BY.into_iter().chain(["kind"]);
    let mut all: Vec<String> = always.map(str::to_owned).collect();
    for name in columns {
        if !all.iter().any(|known| known == name) {
            all.push(name.to_owned());
        }
    }
    all
}
