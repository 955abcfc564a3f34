//! The target that is a schema of a PostgreSQL server.
//!
//! An export is one transaction: parts that changed are deleted and copied anew, straight into their tables, and what was written
//! is recorded in the same commit. Nobody sees its rows before, and nobody who reads waits for it; so a second set of tables to
//! write into and swap would prove nothing and cost another copy. Rows of the old state stay for whoever began to read it.
//! Knows nothing of facts: tables come from the list, rows from the state.

use std::collections::{BTreeMap, BTreeSet};

use postgres::{Client, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::state::{Held, Name, Partition, State};
use super::table::{self, Table, VERSION};
use super::target::{Changes, Login, Target};
use crate::error::{Error, Result};

mod address;
mod failure;
mod rows;
pub(super) mod schema;
mod tls;

use address::Address;
pub(super) use address::redacted;
use rows::Encoder;
use schema::{Found, RECORDS, place};

/// Settings of our sessions, where the address does not say otherwise: a stranger's lock is not waited for for ever, nothing else
/// ends a long copy, and a machine that vanished does not keep others out.
const SETTINGS: &[(&str, &str)] = &[
    ("lock_timeout", "30s"),
    ("statement_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("transaction_timeout", "0"),
    ("default_transaction_isolation", "read committed"),
    ("client_min_messages", "warning"),
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "6"),
];

/// A schema of a server. The connection holds a lock that keeps other exports out until it ends, however it does.
pub(super) struct Postgres {
    client: Client,
    shown: String,
    schema: String,
    remarks: Vec<String>,
}

/// What stands in the schema.
struct Standing {
    has_schema: bool,
    /// Everything that has columns, by name.
    tables: BTreeMap<String, Found>,
    records: Vec<Record>,
}

/// What an export wrote.
#[derive(Clone)]
struct Record {
    name: Name,
    hash: String,
    n_rows: i64,
    n_altered: i64,
    version: i64,
}

impl Postgres {
    /// Connects, and keeps other exports to the schema out.
    ///
    /// # Errors
    /// The address is none, the server cannot be reached or refuses, or another export is writing there.
    pub(super) fn open(text: &str, login: &Login) -> Result<Self> {
        let Address { config, shown, schema, trust } = Address::parse(text, login)?;
        let tls = MakeRustlsConnect::new(tls::config(&trust)?);
        let failed = |error: postgres::Error| failure::of(&shown, "connect to", &error);
        let mut client = config.connect(tls).map_err(failed)?;
        let (names, values): (Vec<&str>, Vec<&str>) = SETTINGS.iter().copied().unzip();
        // Servers differ in what can be set; what the address sets has the source `client`.
        let set = "SELECT set_config(name, wanted, false) FROM unnest($1::text[], $2::text[]) AS ours (name, wanted) \
                   JOIN pg_settings USING (name) WHERE source <> 'client'";
        client.query(set, &[&names, &values]).map_err(failed)?;
        let lock = client.query_one("SELECT pg_try_advisory_lock($1)", &[&lock(&schema)]).map_err(failed)?;
        if !lock.try_get::<_, bool>(0).map_err(failed)? {
            return Err(Error::Target {
                message: format!("another export is writing to '{shown}'"),
                remedy: "wait until it has ended",
            });
        }
        Ok(Self { client, shown, schema, remarks: Vec::new() })
    }
}

/// The number by which exports to a schema know one another.
fn lock(schema: &str) -> i64 {
    let hash = blake3::hash(format!("trichter export {schema}").as_bytes());
    hash.as_bytes().iter().take(8).fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

impl Target for Postgres {
    fn workspace(&self) -> Option<&std::path::Path> {
        None
    }

    fn held(&mut self) -> Result<Held> {
        let failed = |error: postgres::Error| failure::of(&self.shown, "read", &error);
        let mut transaction = self.client.transaction().map_err(failed)?;
        let standing = Standing::read(&mut transaction, &self.schema).map_err(failed)?;
        // A table that somebody changed holds nothing that could be relied on.
        let is_sound = |name: &Name| match (table::named(&name.table), standing.tables.get(&name.table)) {
            (Some(table), Some(found)) => schema::misfits(table, found).is_empty(),
            (None, found) => found.is_some(),
            (Some(_), None) => false,
        };
        let held = standing.records.iter().filter(|record| is_sound(&record.name));
        Ok(held.map(|record| (record.name.clone(), record.hash.clone())).collect())
    }

    fn replace(&mut self, state: &State, changes: &Changes) -> Result<BTreeMap<Name, u64>> {
        let Self { client, shown, schema, remarks } = self;
        let failed = |error: postgres::Error| failure::of(shown, "write to", &error);
        let mut transaction = client.transaction().map_err(failed)?;
        let standing = Standing::read(&mut transaction, schema).map_err(failed)?;
        standing.admit(state, changes, shown)?;
        let mut export = Export { transaction, standing, state, changes, shown, schema };
        let written = export.write()?;
        // If the connection ends here, nobody knows on which side of the commit; either is whole, and the next export sees which.
        export.transaction.commit().map_err(failed)?;
        *remarks = written
            .iter()
            .filter(|(_, written)| written.n_altered > 0)
            .map(|(name, written)| remark(name, *written))
            .collect();
        Ok(written.into_iter().map(|(name, written)| (name, written.bytes)).collect())
    }

    fn remarks(&self) -> &[String] {
        &self.remarks
    }
}

fn remark(name: &Name, written: Written) -> String {
    let month = name.month.as_ref().map(|month| format!(" of {month}")).unwrap_or_default();
    format!(
        "{}{month}: {} texts stand otherwise than in the log, with ␀ for NUL, or cut because they are keys and long",
        name.table, written.n_altered
    )
}

impl Standing {
    fn read(transaction: &mut Transaction<'_>, schema: &str) -> std::result::Result<Self, postgres::Error> {
        let has_schema = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)";
        let has_schema = transaction.query_one(has_schema, &[&schema])?.try_get(0)?;
        let mut tables: BTreeMap<String, Found> = BTreeMap::new();
        let columns = "SELECT c.relname::text, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod) \
                       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                       LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
                       WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')";
        for row in transaction.query(columns, &[&schema])? {
            let columns = tables.entry(row.try_get(0)?).or_default();
            if let Some(name) = row.try_get::<_, Option<String>>(1)? {
                columns.insert(name, row.try_get(2)?);
            }
        }
        let mut records = Vec::new();
        if tables.contains_key(RECORDS) {
            let all = format!(
                "SELECT table_name, month, content_hash, n_rows, n_altered, schema_version FROM {}",
                place(schema, RECORDS)
            );
            for row in transaction.query(&all, &[])? {
                records.push(Record {
                    name: Name { table: row.try_get(0)?, month: row.try_get(1)? },
                    hash: row.try_get(2)?,
                    n_rows: row.try_get(3)?,
                    n_altered: row.try_get(4)?,
                    version: row.try_get(5)?,
                });
            }
        }
        Ok(Self { has_schema, tables, records })
    }

    /// The version of the list by which a table was written; `None` if no export wrote it.
    fn version(&self, table: &str) -> Option<i64> {
        self.records.iter().find(|record| record.name.table == table).map(|record| record.version)
    }

    /// Refuses tables of somebody else, those of a newer program, and, unless everything is written anew, ours if somebody
    /// changed them.
    fn admit(&self, state: &State, changes: &Changes, shown: &str) -> Result<()> {
        for &table in &state.tables {
            let found = self.tables.get(table.name);
            let Some(version) = self.version(table.name) else {
                if found.is_none() {
                    continue;
                }
                let message = format!("'{shown}' holds a table '{}' of somebody else", table.name);
                return Err(Error::Target { message, remedy: "name another schema: ?schema=NAME" });
            };
            if changes.is_full {
                continue;
            }
            if version > i64::from(VERSION) {
                let message = format!("'{shown}' was written by a newer program");
                return Err(Error::Target { message, remedy: "export with that one, or go back with --full" });
            }
            let misfits = match found {
                Some(found) => schema::misfits(table, found),
                None => vec!["it is gone".to_owned()],
            };
            if version == i64::from(VERSION) && !misfits.is_empty() {
                let message = format!("somebody changed table '{}' in '{shown}': {}", table.name, misfits.join(", "));
                return Err(Error::Target { message, remedy: "undo that, or make the tables fit again with --full" });
            }
        }
        Ok(())
    }
}

/// What one partition took.
#[derive(Clone, Copy)]
struct Written {
    bytes: u64,
    n_altered: u64,
}

/// An export under way.
struct Export<'e> {
    transaction: Transaction<'e>,
    standing: Standing,
    state: &'e State,
    changes: &'e Changes,
    shown: &'e str,
    schema: &'e str,
}

impl Export<'_> {
    fn write(&mut self) -> Result<BTreeMap<Name, Written>> {
        if !self.standing.has_schema {
            self.run(&format!("CREATE SCHEMA {}", schema::quoted(self.schema)))?;
        }
        if !self.standing.tables.contains_key(RECORDS) {
            self.run(&schema::create_records(self.schema))?;
        }
        let mut written = BTreeMap::new();
        for &table in &self.state.tables {
            self.table(table, &mut written)?;
        }
        self.drop_tables()?;
        self.record(&written)?;
        Ok(written)
    }

    /// Brings one table to its state.
    fn table(&mut self, table: &'static Table, written: &mut BTreeMap<Name, Written>) -> Result<()> {
        let found = self.standing.tables.get(table.name);
        let is_new = found.is_none();
        let is_mended = found.is_some_and(|found| !schema::misfits(table, found).is_empty());
        let shape = match found {
            None => schema::create(self.schema, table),
            Some(found) if is_mended => schema::mend(self.schema, table, found),
            Some(_) => String::new(),
        };
        self.run(&shape)?;
        let of_table = |name: &&Name| name.table == table.name;
        let changed: BTreeSet<&Name> = self.changes.changed.iter().filter(of_table).collect();
        let gone = self.changes.gone.iter().filter(of_table);
        let stale: BTreeSet<&Name> = changed.iter().copied().chain(gone).collect();
        if !is_new {
            self.delete(table, &stale, is_mended)?;
        }
        let partitions = self.state.partitions().iter().filter(|partition| changed.contains(&partition.name));
        let partitions: Vec<&Partition> = partitions.collect();
        if !partitions.is_empty() {
            self.copy(table, &partitions, is_new, written)?;
        }
        if is_new || is_mended {
            self.run(&schema::index(self.schema, table))?;
        }
        if is_new || is_mended || self.standing.version(table.name) != Some(VERSION.into()) {
            self.run(&schema::comment(self.schema, table))?;
        }
        if !stale.is_empty() {
            // Else the server plans by what it knew of the rows before.
            self.run(&format!("ANALYZE {}", place(self.schema, table.name)))?;
        }
        Ok(())
    }

    /// Deletes the rows of partitions; all rows of the table if none of its partitions stays, whoever wrote them.
    fn delete(&mut self, table: &Table, stale: &BTreeSet<&Name>, is_mended: bool) -> Result<()> {
        let place = place(self.schema, table.name);
        let of_table = |name: &Name| name.table == table.name;
        let stays = |record: &Record| of_table(&record.name) && !stale.contains(&record.name);
        if is_mended || (!stale.is_empty() && !self.standing.records.iter().any(stays)) {
            return self.run(&format!("DELETE FROM {place}"));
        }
        let months: Vec<&str> = stale.iter().filter_map(|name| name.month.as_deref()).collect();
        let mut delete = |condition: &str, months: &[&(dyn postgres::types::ToSql + Sync)]| {
            let deleted = self.transaction.execute(&format!("DELETE FROM {place} WHERE {condition}"), months);
            deleted.map(drop).map_err(|error| failure::of(self.shown, "write to", &error))
        };
        if !months.is_empty() {
            delete("month = ANY ($1)", &[&months])?;
        }
        if stale.iter().any(|name| name.month.is_none()) {
            delete("month IS NULL", &[])?;
        }
        Ok(())
    }

    /// Copies partitions into their table.
    fn copy(
        &mut self,
        table: &'static Table,
        partitions: &[&Partition],
        is_new: bool,
        written: &mut BTreeMap<Name, Written>,
    ) -> Result<()> {
        // Rows of a table that nobody else can see yet need no marks of who may see them.
        let freeze = if is_new { ", FREEZE" } else { "" };
        let names = schema::list(table.columns.iter().map(|column| column.name));
        let sql = format!("COPY {} ({names}) FROM STDIN (FORMAT binary{freeze})", place(self.schema, table.name));
        let doing = format!("write table '{}' to", table.name);
        let failed = |error: postgres::Error| failure::of(self.shown, &doing, &error);
        let broken = |error: std::io::Error| failure::of_stream(self.shown, &doing, error);
        let mut stream = self.transaction.copy_in(&sql).map_err(failed)?;
        let mut encoder = Encoder::new(&table.columns);
        let mut n_rows = 0;
        for partition in partitions {
            let (n_bytes, n_altered) = (encoder.n_bytes, encoder.n_altered);
            for batch in self.state.whole(partition).batches {
                encoder.add(&batch?, &mut stream).map_err(broken)?;
            }
            let bytes = encoder.n_bytes - n_bytes;
            written.insert(partition.name.clone(), Written { bytes, n_altered: encoder.n_altered - n_altered });
            n_rows += partition.n_rows;
        }
        encoder.finish(&mut stream).map_err(broken)?;
        let n_copied = stream.finish().map_err(failed)?;
        if n_copied != n_rows {
            return Err(Error::Target {
                message: format!("'{}' took {n_copied} of {n_rows} rows of table '{}'", self.shown, table.name),
                remedy: "see which trigger or rule of the table leaves rows out; the last export stands as it was",
            });
        }
        Ok(())
    }

    /// Drops tables that an export wrote and this one does not have.
    fn drop_tables(&mut self) -> Result<()> {
        let is_kept = |name: &str| self.state.tables.iter().any(|table| table.name == name);
        let ours: BTreeSet<&str> = self.standing.records.iter().map(|record| record.name.table.as_str()).collect();
        let dropped = ours.into_iter().filter(|name| !is_kept(name) && self.standing.tables.contains_key(*name));
        let dropped: Vec<String> = dropped.map(|name| place(self.schema, name)).collect();
        if dropped.is_empty() {
            return Ok(());
        }
        self.run(&format!("DROP TABLE {}", dropped.join(", ")))
    }

    /// Records what the tables hold now.
    fn record(&mut self, written: &BTreeMap<Name, Written>) -> Result<()> {
        let before: BTreeMap<&Name, &Record> =
            self.standing.records.iter().map(|record| (&record.name, record)).collect();
        let record = |partition: &Partition| {
            let altered = match written.get(&partition.name) {
                Some(written) => i64::try_from(written.n_altered).unwrap_or(i64::MAX),
                None => before.get(&partition.name).map_or(0, |record| record.n_altered),
            };
            let n_rows = i64::try_from(partition.n_rows).unwrap_or(i64::MAX);
            let (name, hash) = (partition.name.clone(), partition.hash.clone());
            Record { name, hash, n_rows, n_altered: altered, version: VERSION.into() }
        };
        let records: Vec<Record> = self.state.partitions().iter().map(record).collect();
        let place = place(self.schema, RECORDS);
        self.run(&format!("DELETE FROM {place}"))?;
        let insert = format!(
            "INSERT INTO {place} SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])"
        );
        let tables: Vec<&str> = records.iter().map(|record| record.name.table.as_str()).collect();
        let months: Vec<Option<&str>> = records.iter().map(|record| record.name.month.as_deref()).collect();
        let hashes: Vec<&str> = records.iter().map(|record| record.hash.as_str()).collect();
        let n_rows: Vec<i64> = records.iter().map(|record| record.n_rows).collect();
        let n_altered: Vec<i64> = records.iter().map(|record| record.n_altered).collect();
        let versions: Vec<i64> = records.iter().map(|record| record.version).collect();
        let inserted = self.transaction.execute(&insert, &[&tables, &months, &hashes, &n_rows, &n_altered, &versions]);
        inserted.map(drop).map_err(|error| failure::of(self.shown, "write to", &error))
    }

    fn run(&mut self, sql: &str) -> Result<()> {
        if sql.is_empty() {
            return Ok(());
        }
        self.transaction.batch_execute(sql).map_err(|error| failure::of(self.shown, "write to", &error))
    }
}
