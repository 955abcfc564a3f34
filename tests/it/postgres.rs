//! Exports to a real PostgreSQL server: cells, comments, nights, and what is told when something is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::case::{Case, Ran, files_below};

mod kills;
mod server;
mod tls;

use server::{PASSWORD, PASSWORD_IN_ADDRESSES, Server, is_root, skipped};

const CONFIG: &str = "sample-data/trichter.toml";

/// A store of all hand-written samples.
fn with_store() -> Case {
    let case = Case::new();
    case.samples();
    case.ask(&["ingest", "sample-data", "--store", "store", "--config", CONFIG, "--quiet"]);
    case
}

/// The same with some thousand simulated messages.
fn with_more() -> Case {
    let case = with_store();
    case.simulate("600");
    case.ask(&["ingest", "sim/logs", "--store", "store", "--config", CONFIG, "--quiet"]);
    case
}

/// Adds one message, of the last month, to the store.
fn one_more_night(case: &Case) {
    case.write(
        "night.ndjson",
        r#"{"kind":"message_sent","at":"2026-05-05T07:59:00Z","contact_id":"late","message_id":"late-1","channel":"sms"}"#,
    );
    case.ask(&["ingest", "night.ndjson", "--store", "store", "--config", CONFIG, "--quiet"]);
}

/// Exports the store, however that ends.
fn try_export(case: &Case, address: &str, more: &[&str]) -> Ran {
    case.run(&[&["export", address, "--store", "store", "--config", CONFIG], more].concat())
}

/// Exports the store, and returns what was said.
#[track_caller]
fn export(case: &Case, address: &str, more: &[&str]) -> String {
    try_export(case, address, more).expect(0).stderr
}

/// Starts an export whose end nobody waits for.
fn begin_export(case: &Case, address: &str, more: &[&str]) -> Child {
    let arguments = [&["export", address, "--store", "store", "--config", CONFIG], more].concat();
    case.command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Tables of the schema.
fn tables(server: &Server) -> Vec<String> {
    let names =
        "SELECT relname FROM pg_class WHERE relnamespace = 'trichter'::regnamespace AND relkind = 'r' ORDER BY 1";
    server.ask("bi", names).lines().map(str::to_owned).collect()
}

/// All rows that readers see, of all tables, in one statement: equal for equal states.
fn fingerprint(server: &Server) -> String {
    let tables = tables(server);
    let rows = |table: &String| {
        format!(
            "SELECT '{table}' || md5(string_agg(t::text, chr(10) ORDER BY t::text)) AS rows FROM trichter.\"{table}\" t"
        )
    };
    let all: Vec<String> = tables.iter().map(rows).collect();
    server.ask(
        "bi",
        &format!("SELECT md5(string_agg(rows, ',' ORDER BY rows)) FROM ({}) all_tables", all.join(" UNION ALL ")),
    )
}

/// The rows of a table as the CSV of an export has them.
fn rows_as_csv(server: &Server, table: &str, columns: &[&str]) -> Vec<String> {
    let kinds = format!(
        "SELECT attname, atttypid::regtype FROM pg_attribute \
         WHERE attrelid = 'trichter.\"{table}\"'::regclass AND attnum > 0 AND NOT attisdropped"
    );
    let kinds = server.ask("bi", &kinds);
    let kinds: BTreeMap<&str, &str> = kinds.lines().map(|line| line.split_once('|').unwrap()).collect();
    let cell = |column: &&str| match kinds[column] {
        "timestamp with time zone" => {
            format!("to_char(\"{column}\" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
        }
        "boolean" => format!("\"{column}\"::text"),
        // The same number without an exponent, as it stands in files.
        "double precision" => format!("\"{column}\"::text::numeric::text"),
        _ => format!("\"{column}\""),
    };
    let cells: Vec<String> = columns.iter().map(cell).collect();
    let copied =
        server.ask("bi", &format!("COPY (SELECT {} FROM trichter.\"{table}\") TO STDOUT CSV", cells.join(", ")));
    let mut rows: Vec<String> = copied.lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

#[test]
fn every_cell_is_that_of_the_export_as_csv() {
    let Some(server) = Server::start() else { return };
    let case = with_more();
    export(&case, &server.address(""), &[]);
    export(&case, "csv:out", &[]);
    let current = fs::canonicalize(case.path("out/current")).unwrap();
    let mut expected: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for path in files_below(&current) {
        let name = path.strip_prefix(&current).unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|end| end != "csv") {
            continue;
        }
        let mut folders = name.split('/');
        let table = folders.next().unwrap().to_owned();
        let month = folders.next().unwrap().strip_prefix("month=").map(str::to_owned);
        let month = month.map(|month| if month == "__HIVE_DEFAULT_PARTITION__" { String::new() } else { month });
        let text = fs::read_to_string(&path).unwrap();
        let (head, rows) = text.split_once('\n').unwrap();
        let head = head.split(',').chain(month.as_ref().map(|_| "month")).map(str::to_owned).collect();
        let rows = rows.lines().map(|row| match &month {
            Some(month) => format!("{row},{month}"),
            None => row.to_owned(),
        });
        expected.entry(table).or_insert((head, Vec::new())).1.extend(rows);
    }
    let found = tables(&server);
    let known: BTreeSet<&String> = found.iter().filter(|name| *name != "export_partitions").collect();
    assert_eq!(known, expected.keys().collect());
    let mut n_cells = 0;
    for (table, (head, mut rows)) in expected {
        rows.sort();
        let columns: Vec<&str> = head.iter().map(String::as_str).collect();
        let found = rows_as_csv(&server, &table, &columns);
        assert_eq!(found.len(), rows.len(), "{table}");
        for (found, expected) in found.iter().zip(&rows) {
            assert_eq!(found, expected, "{table}");
        }
        n_cells += rows.len() * columns.len();
    }
    eprintln!("{n_cells} cells of {} tables are equal", found.len() - 1);
    assert!(n_cells > 500_000);
}

#[test]
fn tables_and_columns_say_what_they_mean_and_readers_find_rows_fast() {
    let Some(server) = Server::start() else { return };
    let case = with_store();
    export(&case, &server.address("schema=Bots%20%22and%22%20people"), &["--tables", "visits,contacts,dim_question"]);
    let silent = "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
                  WHERE c.relnamespace = '\"Bots \"\"and\"\" people\"'::regnamespace AND c.relkind = 'r' \
                  AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)";
    assert_eq!(server.ask("bi", silent), "");
    let comment = server.ask(
        "bi",
        "SELECT col_description('\"Bots \"\"and\"\" people\".visits'::regclass, attnum) FROM pg_attribute \
         WHERE attrelid = '\"Bots \"\"and\"\" people\".visits'::regclass AND attname = 'answer_s'",
    );
    assert!(comment.contains("null: ") && comment.contains("seconds"), "{comment}");
    let indexes = server.ask("bi", "SELECT indexname FROM pg_indexes WHERE schemaname LIKE 'Bots%' ORDER BY 1");
    let expected = [
        "contacts_day",
        "contacts_month",
        "contacts_pkey",
        "dim_question_pkey",
        "visits_day",
        "visits_month",
        "visits_pkey",
    ];
    assert_eq!(indexes.lines().collect::<Vec<_>>(), expected);
    let frozen =
        server.ask("bi", "SELECT bool_and(reltuples >= 0) FROM pg_class WHERE relname IN ('visits', 'contacts')");
    assert_eq!(frozen, "t\n", "the planner knows how many rows there are");
}

#[test]
fn one_more_night_writes_what_it_changes_and_a_second_export_nothing() {
    let Some(server) = Server::start() else { return };
    let case = with_store();
    let address = server.address("");
    export(&case, &address, &[]);
    // `xmin` is the transaction that wrote a row.
    let writers = |month: &str| {
        server.ask("bi", &format!("SELECT count(*), min(xmin::text) FROM trichter.messages WHERE month = '{month}'"))
    };
    let before = (writers("2026-04"), writers("2026-05"), fingerprint(&server));
    let said = export(&case, &address, &[]);
    assert!(said.lines().last().unwrap().trim_end().ends_with(" 0"), "{said}");
    assert_eq!((writers("2026-04"), writers("2026-05"), fingerprint(&server)), before);
    one_more_night(&case);
    export(&case, &address, &[]);
    assert_eq!(writers("2026-04"), before.0);
    assert_ne!(writers("2026-05"), before.1);
    let by_night = fingerprint(&server);
    assert_ne!(by_night, before.2);
    export(&case, &address, &["--full"]);
    assert_eq!(fingerprint(&server), by_night);
    let n_rows = "SELECT (SELECT sum(n_rows) FROM trichter.export_partitions WHERE table_name = 'messages') - count(*) \
                  FROM trichter.messages";
    assert_eq!(server.ask("bi", n_rows), "0\n");
    // What is no longer asked for is taken away.
    export(&case, &address, &["--tables", "messages", "--since", "2026-05-01"]);
    assert_eq!(tables(&server), ["export_partitions", "messages"]);
    assert_eq!(server.ask("bi", "SELECT DISTINCT month FROM trichter.messages"), "2026-05\n");
}

#[test]
fn who_cannot_get_in_is_told_why_and_no_password_is_shown() {
    let Some(server) = Server::start() else { return };
    let case = with_store();
    let port = server.port();
    let refused = |address: &str, words: &[&str]| {
        let said = try_export(&case, address, &[]).expect(2).complains(words).complains(&["try: "]);
        assert!(!said.stderr.contains("so'secret") && !said.stderr.contains("so%27secret"), "{}", said.stderr);
    };
    refused(
        &format!("postgres://postgres:falsch@127.0.0.1:{port}/bi"),
        &["password authentication failed", "PGPASSWORD"],
    );
    refused(&format!("postgres://postgres@127.0.0.1:{port}/bi"), &["password", ".pgpass"]);
    refused(&server.address("").replace("/bi", "/by"), &["database \"by\" does not exist", "create the database"]);
    refused(
        &server.address("").replace(&port.to_string(), "1"),
        &["postgres:***@127.0.0.1:1/bi", "check host and port"],
    );
    refused(&server.address("sslmode=require"), &["does not support TLS", "sslmode=disable"]);
    refused(&server.address("sslmode=perhaps"), &["sslmode is one of"]);
    refused(&server.address("sslcert=mine.pem"), &["unknown option `sslcert`"]);
    refused(&server.address("schema=pg_mine"), &["no schema can be called so"]);
    server.ask("bi", &format!("CREATE ROLE reader LOGIN PASSWORD '{}'", PASSWORD.replace('\'', "''")));
    refused(
        &format!("postgresql://reader:{PASSWORD_IN_ADDRESSES}@127.0.0.1:{port}/bi"),
        &["permission denied for database bi", "CREATE SCHEMA"],
    );

    let address = format!("postgres://postgres@127.0.0.1:{port}/bi");
    let arguments = ["export", &address, "--store", "store", "--config", CONFIG, "--tables", "contacts"];
    let said = case.command(&arguments).env("PGPASSWORD", PASSWORD).output().unwrap();
    assert!(said.status.success());
    case.write("pgpass", format!("# all\n127.0.0.1:{port}:*:postgres:{}\n", PASSWORD.replace(':', "\\:")));
    let by_file = || case.command(&arguments).env("PGPASSFILE", case.path("pgpass")).output().unwrap().status.code();
    let open_to =
        |mode| fs::set_permissions(case.path("pgpass"), std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    open_to(0o644);
    assert_eq!(by_file(), Some(2), "others may read it");
    open_to(0o600);
    assert_eq!(by_file(), Some(0));
}

#[test]
fn what_strangers_did_to_tables_is_named_and_mended_only_on_demand() {
    let Some(server) = Server::start() else { return };
    let case = with_store();
    let address = server.address("");
    server.ask("bi", "CREATE SCHEMA trichter; CREATE TABLE trichter.messages (id int)");
    try_export(&case, &address, &[]).expect(2).complains(&["holds a table 'messages' of somebody else", "?schema="]);
    server.ask("bi", "DROP TABLE trichter.messages; CREATE ROLE reader");
    export(&case, &address, &[]);
    server.ask("bi", "GRANT SELECT ON trichter.messages TO reader");
    let keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND connamespace = 'trichter'::regnamespace";
    let n_keys = server.ask("bi", keys);
    let sound = fingerprint(&server);
    let columns = "SELECT string_agg(column_name || ' ' || data_type, ',' ORDER BY column_name) \
                   FROM information_schema.columns WHERE table_schema = 'trichter'";
    let columns = || server.ask("bi", columns);
    let before = columns();

    server.ask("bi", "ALTER TABLE trichter.messages RENAME COLUMN reply_s TO reply_seconds");
    server.ask("bi", "ALTER TABLE trichter.conversations DROP COLUMN account_key");
    let damaged = columns();
    for _ in 0..2 {
        try_export(&case, &address, &[]).expect(2).complains(&[
            "table 'conversations'",
            "column 'account_key' is gone",
            "--full",
        ]);
    }
    assert_eq!(columns(), damaged);
    server.ask("bi", "CREATE VIEW public.fast AS SELECT FROM trichter.messages WHERE reply_seconds < 60");
    try_export(&case, &address, &["--full"]).expect(2).complains(&["view fast depends on", "drop the views"]);
    server.ask("bi", "DROP VIEW public.fast");
    export(&case, &address, &["--full"]);
    assert_eq!(columns(), before);
    assert_eq!(server.ask("bi", keys), n_keys);
    assert_eq!(server.ask("bi", "SELECT has_table_privilege('reader', 'trichter.messages', 'SELECT')"), "t\n");

    server.ask("bi", "DROP TABLE trichter.visits");
    try_export(&case, &address, &[]).expect(2).complains(&["table 'visits'", "it is gone", "--full"]);
    export(&case, &address, &["--full"]);
    assert_eq!(columns(), before);
    // Columns that came back stand last, so rows are compared by another export.
    server.ask("bi", "DROP SCHEMA trichter CASCADE");
    export(&case, &address, &[]);
    assert_eq!(fingerprint(&server), sound);
}

#[test]
fn a_strangers_lock_is_not_waited_for_for_ever_and_two_exports_do_not_meet() {
    let Some(server) = Server::start() else { return };
    let case = with_store();
    let address = server.address("options=-c%20lock_timeout%3D300ms");
    export(&case, &address, &[]);
    let before = fingerprint(&server);
    let hold = "BEGIN; LOCK TABLE trichter.visits IN SHARE MODE; SELECT pg_sleep(600)";
    let mut holder = server.psql("bi").args(["-c", hold]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(
        &server,
        "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'trichter.visits'::regclass AND mode = 'ShareLock'",
    );
    one_more_night(&case);
    try_export(&case, &address, &["--full"]).expect(2).complains(&["lock timeout", "pg_locks"]);
    assert_eq!(fingerprint(&server), before);

    let mut first = begin_export(&case, &server.address(""), &["--full"]);
    wait_for(&server, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted");
    try_export(&case, &server.address(""), &[])
        .expect(2)
        .complains(&["another export is writing", "wait until it has ended"]);
    holder.kill().unwrap();
    holder.wait().unwrap();
    // Its session goes on sleeping without it.
    server.ask("bi", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND pid <> pg_backend_pid()");
    assert!(first.wait().unwrap().success());
    assert_ne!(fingerprint(&server), before);
}

/// Waits until the server says yes.
#[track_caller]
fn wait_for(server: &Server, sql: &str) {
    let begun = Instant::now();
    while server.ask("bi", sql) != "t\n" {
        assert!(begun.elapsed() < Duration::from_secs(30), "{sql}");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn texts_that_no_server_can_hold_are_altered_counted_and_told() {
    let Some(server) = Server::start() else { return };
    let case = Case::new();
    let long = "campaign ".repeat(400);
    let lines = [format!("{long}1"), format!("{long}2"), "null\\u0000null".to_owned()].map(|campaign| {
        format!(
            r#"{{"kind":"message_sent","at":"2026-05-05T07:59:00Z","contact_id":"c","message_id":"{}","channel":"sms","campaign":"{campaign}"}}"#,
            blake3::hash(campaign.as_bytes())
        )
    });
    case.write("logs.ndjson", lines.join("\n"));
    case.write(CONFIG, "");
    case.ask(&["ingest", "logs.ndjson", "--store", "store", "--quiet"]);
    let said = export(&case, &server.address(""), &[]);
    assert!(said.contains("messages of 2026-05: 3 texts stand otherwise"), "{said}");
    let found = server.ask("bi", "SELECT campaign, length(campaign) FROM trichter.dim_campaign JOIN trichter.messages USING (campaign) ORDER BY 1");
    let found: Vec<&str> = found.lines().collect();
    assert_eq!((found.len(), found[2]), (3, "null\u{2400}null|9"));
    assert!(found[0] != found[1] && found[0].starts_with("campaign campaign"), "{found:?}");
    assert_eq!(
        server.ask("bi", "SELECT sum(n_altered) FROM trichter.export_partitions WHERE table_name = 'messages'"),
        "3\n"
    );
}

#[test]
fn a_full_disk_of_the_server_leaves_the_old_export() {
    let Some(server) = Server::start() else { return };
    let small = server.path("small");
    fs::create_dir(&small).unwrap();
    let mounted = is_root() && run("mount", &["-t", "tmpfs", "-o", "size=4m", "tmpfs", small.to_str().unwrap()]);
    if !mounted {
        skipped("no small disk can be mounted: exports to a full one are not tried");
        return;
    }
    Server::hand_over(&small);
    server.ask("bi", &format!("CREATE TABLESPACE small LOCATION '{}'", small.display()));
    let case = with_more();
    let address = server.address("options=-c%20default_tablespace%3Dsmall");
    export(&case, &address, &["--tables", "messages"]);
    let before = fingerprint(&server);
    one_more_night(&case);
    let said = try_export(&case, &address, &["--full"]);
    let after = fingerprint(&server);
    let (tables, is_unmounted) = (tables(&server), {
        server.ask("bi", "DROP SCHEMA trichter CASCADE");
        server.ask("bi", "DROP TABLESPACE small");
        run("umount", &[small.to_str().unwrap()])
    });
    said.expect(2).complains(&["No space left on device", "free some space on the server"]);
    assert_eq!((after, tables), (before, vec!["export_partitions".to_owned(), "messages".to_owned()]));
    assert!(is_unmounted);
}

fn run(program: &str, arguments: &[&str]) -> bool {
    std::process::Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}
