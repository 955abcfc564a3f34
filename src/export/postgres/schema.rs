//! Tables as a server knows them: the SQL that makes them, what is said of them there, and how far those that stand there are
//! still ours.

use std::collections::BTreeMap;

use super::super::table::{Class, Column, Kind, MONTH, Table};

/// The table in which an export keeps what it has written.
pub(super) const RECORDS: &str = "export_partitions";

/// Columns of a table on a server: names and types.
pub(super) type Found = BTreeMap<String, String>;

/// The type of a column, as the server itself writes it.
fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Instant => "timestamp with time zone",
        Kind::Day => "date",
        Kind::Number | Kind::Count => "bigint",
        Kind::Real => "double precision",
        Kind::Flag => "boolean",
        Kind::Word => "text",
    }
}

/// A name that is taken as it stands.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in SQL.
fn literal(text: &str) -> String {
    if text.contains('\\') {
        return format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// A table with its schema.
pub(super) fn place(schema: &str, table: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(table))
}

/// Names of columns, one after the other.
pub(super) fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// Makes a table without rows. What finds rows in it comes when they are there.
pub(super) fn create(schema: &str, table: &Table) -> String {
    let column = |column: &Column| format!("{} {}", quoted(column.name), type_of(column.kind));
    let columns: Vec<String> = table.columns.iter().map(column).collect();
    format!("CREATE TABLE {} ({});", place(schema, table.name), columns.join(", "))
}

/// Whether its keys can be a primary key, which takes no null.
fn has_primary_key(table: &Table) -> bool {
    let may_be_null = |key: &&str| table.column(key).is_none_or(|column| column.null.is_some());
    !table.keys.is_empty() && (table.class == Class::Dimension || !table.keys.iter().any(may_be_null))
}

/// Makes what finds rows: the primary key, days and contacts for readers, months for the next export. Rows come month by month,
/// so months take an index of a few pages (BRIN).
pub(super) fn index(schema: &str, table: &Table) -> String {
    let (mut steps, place) = (Vec::new(), place(schema, table.name));
    if has_primary_key(table) {
        let name = quoted(&format!("{}_pkey", table.name));
        let keys = list(table.keys.iter().copied());
        steps.push(format!("ALTER TABLE {place} DROP CONSTRAINT IF EXISTS {name};"));
        steps.push(format!("ALTER TABLE {place} ADD CONSTRAINT {name} PRIMARY KEY ({keys});"));
    }
    let is_first_key = |column: &str| has_primary_key(table) && table.keys.first() == Some(&column);
    for (column, method) in [("day", "btree"), ("contact_key", "btree"), (MONTH, "brin")] {
        let is_needed = if column == MONTH { table.by_month } else { table.column(column).is_some() };
        if is_needed && !is_first_key(column) {
            let (name, column) = (quoted(&format!("{}_{column}", table.name)), quoted(column));
            steps.push(format!("CREATE INDEX IF NOT EXISTS {name} ON {place} USING {method} ({column});"));
        }
    }
    steps.concat()
}

/// What exports make of every table on a server, with what it means.
pub(in super::super) fn ddl(schema: &str) -> String {
    let mut text = format!(
        "-- Exports make these tables themselves; to read, or to make them elsewhere.\nCREATE SCHEMA {};\n",
        quoted(schema)
    );
    for table in super::super::table::all() {
        text.extend(["\n", &create(schema, table), "\n", &index(schema, table), &comment(schema, table)]);
    }
    text
}

/// Says what a table and its columns mean.
pub(super) fn comment(schema: &str, table: &Table) -> String {
    let place = place(schema, table.name);
    let meaning = literal(&format!("{}: one row per {}", table.class.name(), table.grain));
    let of_column = |column: &Column| {
        let said = literal(&column.comment());
        format!("COMMENT ON COLUMN {place}.{} IS {said};\n", quoted(column.name))
    };
    let columns: String = table.columns.iter().map(of_column).collect();
    format!("COMMENT ON TABLE {place} IS {meaning};\n{columns}")
}

/// Makes the table of what was written.
pub(super) fn create_records(schema: &str) -> String {
    let place = place(schema, RECORDS);
    let columns = [
        ("table_name", "text NOT NULL", "table of the export"),
        ("month", "text", "the part of it that this month is; null: all of it, or rows whose instant is not known"),
        ("content_hash", "text NOT NULL", "hash of its rows"),
        ("n_rows", "bigint NOT NULL", "its rows"),
        (
            "n_altered",
            "bigint NOT NULL",
            "texts in it that stand otherwise than in the log: with a sign for each NUL, or cut",
        ),
        ("schema_version", "bigint NOT NULL", "version of the tables and columns of exports"),
    ];
    let made = columns.map(|(name, kind, _)| format!("{name} {kind}")).join(", ");
    let meaning =
        literal("info: one row per part that exports write; they compare it with the store, so leave it as it is");
    let said = columns.map(|(name, _, meaning)| format!("COMMENT ON COLUMN {place}.{name} IS {};", literal(meaning)));
    format!("CREATE TABLE {place} ({made}); COMMENT ON TABLE {place} IS {meaning};{}", said.concat())
}

/// What differs between a table and the columns that stand on the server; nothing if they fit. The order of columns is free.
pub(super) fn misfits(table: &Table, found: &Found) -> Vec<String> {
    let mut misfits = Vec::new();
    for column in &table.columns {
        match found.get(column.name) {
            None => misfits.push(format!("column '{}' is gone", column.name)),
            Some(other) if other != type_of(column.kind) => {
                misfits.push(format!("column '{}' is of type {other}, not {}", column.name, type_of(column.kind)));
            }
            Some(_) => {}
        }
    }
    let foreign = found.keys().filter(|name| table.column(name).is_none());
    misfits.extend(foreign.map(|name| format!("column '{name}' is none of this program's")));
    misfits
}

/// Makes the columns on a server those of the table. The table stays, and with it who may read it.
pub(super) fn mend(schema: &str, table: &Table, found: &Found) -> String {
    let place = place(schema, table.name);
    let is_ours = |name: &str, kind: &str| table.column(name).is_some_and(|column| type_of(column.kind) == kind);
    let mut steps = Vec::new();
    for (name, _) in found.iter().filter(|(name, kind)| !is_ours(name, kind)) {
        steps.push(format!("DROP COLUMN {}", quoted(name)));
    }
    for column in
        table.columns.iter().filter(|column| found.get(column.name).is_none_or(|kind| !is_ours(column.name, kind)))
    {
        steps.push(format!("ADD COLUMN {} {}", quoted(column.name), type_of(column.kind)));
    }
    format!("ALTER TABLE {place} {};", steps.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::super::table;
    use super::*;

    fn found(table: &Table) -> Found {
        table.columns.iter().map(|column| (column.name.to_owned(), type_of(column.kind).to_owned())).collect()
    }

    #[test]
    fn a_column_that_was_renamed_is_named_and_mended() {
        let table = table::named("messages").unwrap();
        let mut columns = found(table);
        assert_eq!(misfits(table, &columns), Vec::<String>::new());
        let kind = columns.remove("reply_s").unwrap();
        columns.insert("seconds\"".into(), kind);
        columns.insert("day".into(), "text".into());
        let told = ["column 'day' is of type text, not date", "column 'reply_s' is gone", "column 'seconds\"' is none"];
        let found = misfits(table, &columns);
        assert!(told.iter().all(|text| found.iter().any(|misfit| misfit.starts_with(text))), "{found:?}");
        let sql = mend("s", table, &columns);
        assert_eq!(
            sql,
            "ALTER TABLE \"s\".\"messages\" DROP COLUMN \"day\", DROP COLUMN \"seconds\"\"\", ADD COLUMN \"reply_s\" bigint, \
             ADD COLUMN \"day\" date;"
        );
    }

    #[test]
    fn names_and_texts_cannot_end_themselves() {
        assert_eq!(place("a\"; DROP", "b"), "\"a\"\"; DROP\".\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\' b"), "E'a\\\\'' b'");
    }

    #[test]
    fn keys_are_primary_where_none_can_be_null() {
        let has = |name: &str| has_primary_key(table::named(name).unwrap());
        assert!(["contacts", "conversations", "visits", "dim_question", "dim_date"].into_iter().all(has));
        assert!(!has("messages"));
    }
}
