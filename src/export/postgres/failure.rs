//! What a server or the way to it said, as errors that tell what to try.
//!
//! Whatever fails, fails before the one commit of an export: what readers see stays as it was.

use std::error::Error as _;
use std::io;

use postgres::error::SqlState;

use crate::error::Error;

/// The reason behind what the client says: itself and what caused it, in one line.
pub(super) fn words(error: &postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        let detail = said.detail().map(|detail| format!(" ({detail})"));
        return format!("{}{}", said.message(), detail.unwrap_or_default());
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

/// What went wrong with the server at an address while something was done.
pub(super) fn of(shown: &str, doing: &str, error: &postgres::Error) -> Error {
    Error::Target { message: format!("cannot {doing} '{shown}': {}", words(error)), remedy: remedy(error) }
}

/// The same of what came out of a stream of rows.
pub(super) fn of_stream(shown: &str, doing: &str, error: io::Error) -> Error {
    let text = error.to_string();
    match error.into_inner().and_then(|inner| inner.downcast::<postgres::Error>().ok()) {
        Some(error) => of(shown, doing, &error),
        None => Error::Target {
            message: format!("cannot {doing} '{shown}': {text}"),
            remedy: "leave the table out with --tables; nothing was written",
        },
    }
}

/// What to try, by what a server says is wrong.
const REMEDIES: &[(&SqlState, &str)] = &[
    (
        &SqlState::INVALID_PASSWORD,
        "give the password by PGPASSWORD, or in ~/.pgpass or PGPASSFILE, which nobody else may read",
    ),
    (
        &SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        "check user, database and sslmode against the server's pg_hba.conf",
    ),
    (&SqlState::INVALID_CATALOG_NAME, "create the database, or name another: postgres://USER@HOST/DATABASE"),
    (
        &SqlState::INSUFFICIENT_PRIVILEGE,
        "let the user own the schema: CREATE SCHEMA trichter AUTHORIZATION \"USER\"; or name another: ?schema=NAME",
    ),
    (&SqlState::DISK_FULL, "free some space on the server; the last export stands as it was"),
    (&SqlState::OUT_OF_MEMORY, "give the server more memory; the last export stands as it was"),
    (&SqlState::TOO_MANY_CONNECTIONS, "end some connections of the server, and export again"),
    (
        &SqlState::LOCK_NOT_AVAILABLE,
        "somebody holds a lock on a table: see pg_locks, end that transaction, and export again; \
         ?options=-c%20lock_timeout=5min waits longer",
    ),
    (&SqlState::T_R_DEADLOCK_DETECTED, "export again: somebody locked the same tables in another order"),
    (&SqlState::QUERY_CANCELED, "export again; if a statement_timeout is set in the address, make it longer"),
    (&SqlState::ADMIN_SHUTDOWN, "wait until the server is up, and export again; the last export stands as it was"),
    (&SqlState::CRASH_SHUTDOWN, "wait until the server is up, and export again; the last export stands as it was"),
    (&SqlState::CANNOT_CONNECT_NOW, "wait until the server is up, and export again"),
    (&SqlState::DEPENDENT_OBJECTS_STILL_EXIST, "drop the views that read it, export, and create them again"),
    (&SqlState::READ_ONLY_SQL_TRANSACTION, "name the primary server: this one is a copy, or read-only"),
    (
        &SqlState::UNTRANSLATABLE_CHARACTER,
        "export to a database that was created with ENCODING 'UTF8': this one cannot hold all letters",
    ),
    (
        &SqlState::CHARACTER_NOT_IN_REPERTOIRE,
        "export to a database that was created with ENCODING 'UTF8': this one cannot hold all letters",
    ),
];

fn remedy(error: &postgres::Error) -> &'static str {
    let Some(state) = error.code() else { return remedy_on_the_way(error) };
    let found = REMEDIES.iter().find(|(known, _)| *known == state);
    found.map_or("see the server's log; the last export stands as it was", |(_, remedy)| remedy)
}

fn remedy_on_the_way(error: &postgres::Error) -> &'static str {
    let text = words(error);
    if text.contains("certificate") || text.contains("TLS") {
        return "name the authority that signed the server's certificate with sslrootcert=FILE, and the host by the name \
                that stands in it; a server without TLS takes sslmode=disable";
    }
    if text.contains("password missing") {
        return "give the password by PGPASSWORD, or in ~/.pgpass or PGPASSFILE, which nobody else may read";
    }
    if error.is_closed() || text.contains("communicating") {
        return "see that the server is up, and export again; the last export stands as it was";
    }
    "check host and port, and that the server is up and can be reached from here"
}
