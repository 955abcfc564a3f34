"""Data: makes raw logs, has trichter ingest them, and gives every engine the same rows in the layout that suits it best.

The order of rows is that of trichter's store: (contact_key, at, position, event_id). Every engine gets only the columns that
the questions read, with words as enumerations; ClickHouse gets 0 and '' for null, because it prefers columns without nulls.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import time

THREADS = 2
EVENTS_PER_CONTACT = 52
WORDS = ["kind", "channel", "account", "campaign", "flow", "question"]
COLUMNS = ["contact_key", "at", "position", *WORDS, "message_key", "reply_key"]

# What the SQL may take for granted, as a count of rows that would contradict it. It holds in these logs, and spares the peers
# work that trichter does all the same.
ASSUMPTIONS = {
    "a contact has one channel and one account": """
        SELECT count(*) FROM (
          SELECT 1 FROM events GROUP BY contact_key HAVING min(channel) <> max(channel) OR min(account) <> max(account))""",
    "receipts name their message": "SELECT count(*) FROM events WHERE kind IN ('delivered_up_to', 'opened_up_to')",
    "every act is of a kind that the SQL knows": """
        SELECT count(*) FROM events WHERE kind IN (
          'answer_rejected', 'question_skipped', 'flow_started', 'goal_reached', 'payment', 'handover_to_bot',
          'opted_out_hard')""",
    "every message has an id, a sending, one campaign, and what is told twice has one time": """
        SELECT count(*) FROM (
          SELECT 1 FROM events
          WHERE kind IN ('message_sent', 'message_delivered', 'message_opened', 'message_failed', 'message_suppressed')
          GROUP BY message_key
          HAVING message_key IS NULL OR min("at") < min("at") FILTER (WHERE kind = 'message_sent')
            OR min("at") FILTER (WHERE kind = 'message_sent') < max("at") FILTER (WHERE kind = 'message_sent')
            OR min(campaign) <> max(campaign) OR min(contact_key) <> max(contact_key))""",
    "no opt-out keeps a conversation going": """
        SELECT count(*) FROM (
          SELECT kind, lag("at") OVER contact AS before, "at", lead("at") OVER contact AS after
          FROM events
          WHERE kind IN (
            'message_sent', 'question_asked', 'message_received', 'button_clicked', 'question_answered', 'link_clicked',
            'reaction_received', 'flow_ended', 'fallback', 'handover_to_human', 'opted_out_soft')
          WINDOW contact AS (PARTITION BY contact_key ORDER BY rowid))
        WHERE kind = 'opted_out_soft' AND after - before > INTERVAL 24 HOUR
          AND "at" - before <= INTERVAL 24 HOUR AND after - "at" <= INTERVAL 24 HOUR""",
    "times are whole milliseconds": 'SELECT count(*) FROM events WHERE epoch_us("at") % 1000 <> 0',
}


def store(trichter, work, n_events, seed=1):
    """Raw logs and trichter's store; the logs are deleted once they are in. Returns the seconds that the store took."""
    simulated, target = work / "simulated", work / "store"
    contacts = max(1_000, n_events // EVENTS_PER_CONTACT)
    quiet = ["--threads", str(THREADS), "--quiet"]
    for folder in (simulated, target):
        shutil.rmtree(folder, ignore_errors=True)
    call = [trichter, "simulate", "--out", simulated, "--contacts", str(contacts), "--days", "120", "--seed", str(seed)]
    subprocess.run([*call, "--channels", "whatsapp,generic", *quiet], check=True)
    began = time.perf_counter()
    config = ["--config", simulated / "trichter.toml"]
    subprocess.run([trichter, "ingest", simulated / "logs", "--store", target, *config, *quiet], check=True)
    subprocess.run([trichter, "store", "optimize", "--store", target, *quiet], check=True)
    seconds = time.perf_counter() - began
    shutil.rmtree(simulated)
    return seconds


def files(work):
    """The files that the store's newest version names; after `optimize` older ones still lie about."""
    live = {}
    for commit in sorted((work / "store/events/_delta_log").glob("*.json")):
        for line in commit.read_text(encoding="utf-8").splitlines():
            action = json.loads(line)
            if "add" in action:
                live[action["add"]["path"]] = None
            if "remove" in action:
                live.pop(action["remove"]["path"], None)
    return [f"{work}/store/events/{path}" for path in live]


def sorted_rows(work):
    """The rows of the store as one sorted Parquet file, which all peers load."""
    import duckdb

    connection = duckdb.connect(config={"threads": THREADS, "temp_directory": str(work / "scratch")})
    connection.execute("SET TimeZone = 'UTC'")
    columns = ", ".join(
        '("at" AT TIME ZONE \'UTC\')::TIMESTAMP AS "at"' if column == "at" else column for column in COLUMNS
    )
    connection.execute(f"""
        COPY (
          SELECT {columns}
          FROM read_parquet({files(work)}, hive_partitioning = false)
          ORDER BY contact_key, "at", position, event_id
        ) TO '{work}/sorted.parquet' (COMPRESSION zstd)""")
    (n_events,) = connection.execute(f"SELECT count(*) FROM '{work}/sorted.parquet'").fetchone()
    return n_events


def duckdb_table(work):
    """A native table in the order of the rows."""
    import duckdb

    path = work / "duckdb.db"
    path.unlink(missing_ok=True)
    connection = duckdb.connect(str(path), config={"threads": THREADS})
    source = f"read_parquet('{work}/sorted.parquet')"
    for word in WORDS:
        distinct = f"SELECT DISTINCT {word} FROM {source} WHERE {word} IS NOT NULL ORDER BY 1"
        connection.execute(f"CREATE TYPE {word}_word AS ENUM ({distinct})")
    columns = ", ".join(f"{name}::{name}_word AS {name}" if name in WORDS else f'"{name}"' for name in COLUMNS)
    connection.execute(f"CREATE TABLE events AS SELECT {columns} FROM {source}")
    connection.execute("CHECKPOINT")
    for assumption, sql in ASSUMPTIONS.items():
        (exceptions,) = connection.execute(sql).fetchone()
        if exceptions:
            raise SystemExit(f"the logs break what the SQL takes for granted: {assumption}: {exceptions} times")


def clickhouse_table(work):
    """A MergeTree in the order of the rows, in one part."""
    from chdb import session

    shutil.rmtree(work / "clickhouse", ignore_errors=True)
    connection = session.Session(str(work / "clickhouse"))
    source = f"file('{work}/sorted.parquet', Parquet)"
    kinds = connection.query(f"SELECT DISTINCT assumeNotNull(kind) FROM {source} ORDER BY 1", "TSV").data().split()
    enum = ", ".join(f"'{kind}' = {number}" for number, kind in enumerate(kinds, 1))
    types = {"contact_key": "Int64", "at": "DateTime64(6, 'UTC')", "position": "Int32", "kind": f"Enum8({enum})"}
    types |= {word: "LowCardinality(String)" for word in WORDS if word != "kind"}
    types |= {"message_key": "Int64", "reply_key": "Int64"}
    connection.query("CREATE DATABASE peers")
    columns = ", ".join(f"{name} {types[name]}" for name in COLUMNS)
    order = "ORDER BY (contact_key, at, position)"
    connection.query(f"CREATE TABLE peers.events ({columns}) ENGINE = MergeTree {order}")
    empty = {word: "''" for word in WORDS if word != "kind"} | {"message_key": "0", "reply_key": "0"}
    values = ", ".join(f"ifNull({name}, {empty[name]})" if name in empty else name for name in COLUMNS)
    limits = f"SETTINGS max_threads = {THREADS}, max_insert_threads = {THREADS}"
    connection.query(f"INSERT INTO peers.events SELECT {values} FROM {source} {limits}")
    connection.query("OPTIMIZE TABLE peers.events FINAL")


def polars_file(work):
    """An uncompressed IPC file, which Polars maps into memory: for every question faster than Parquet."""
    import polars as pl

    rows = pl.scan_parquet(work / "sorted.parquet")
    enums = {word: pl.Enum(rows.select(pl.col(word).drop_nulls().unique().sort()).collect()[word]) for word in WORDS}
    rows.with_columns(pl.col(word).cast(enum) for word, enum in enums.items()).sink_ipc(
        work / "polars.arrow", compression="uncompressed", maintain_order=True
    )


LOADERS = {"duckdb": duckdb_table, "clickhouse": clickhouse_table, "polars": polars_file}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Load one engine; run.py calls this in a process of its own.")
    parser.add_argument("engine", choices=["rows", *LOADERS])
    parser.add_argument("work", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.engine == "rows":
        print(sorted_rows(arguments.work))
    else:
        LOADERS[arguments.engine](arguments.work)
