#!/usr/bin/env python3
"""How fast do others read the same raw WhatsApp webhooks?

    python3 benches/peers/ingest.py FOLDER [--trichter PATH] [--runs 3] [--engines trichter,duckdb,…]

FOLDER holds NDJSON as WhatsApp's Cloud API sends it, bare or in an envelope with `body`; `trichter simulate --channels
whatsapp` makes some. Lines that only trichter reads as they stand (a body that is JSON inside text, lines that are no
JSON) are left out for all, in a copy that is made first. Every engine does the same: take each status and each message out of its body, with contact, time,
kind, message id and account, sort by contact and time, write Parquet with zstd. Each runs in a process of its own; what
is printed is the median of the runs, without the start of Python. An engine that takes ten times as long as the fastest
is run once.

trichter does more in its time: it reads the send log, hashes ids, recognises opt-outs, drops repeated deliveries and
keeps thirty columns. So rows are compared as distinct (message id, kind, time) of what all engines read.

Needs `pip install duckdb chdb polars`; an engine that is not there is left out.
"""

import argparse
import glob
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ENGINES = ["trichter", "duckdb", "chdb", "polars"]
SLOW = 10

STATUS = ["id", "status", "timestamp", "recipient_id"]
MESSAGE = ["id", "from", "timestamp", "type"]


TEXT_BODY = re.compile(rb'\{[^{}\[\]]*"body":"')


def copy(folder, scratch):
    """Copies what all engines can read. Returns the number of bytes."""
    n_bytes = 0
    os.mkdir(scratch)
    for path in sorted(glob.glob(f"{folder}/*.ndjson")):
        with open(path, "rb") as lines, open(os.path.join(scratch, os.path.basename(path)), "wb") as kept:
            for line in lines:
                if not TEXT_BODY.match(line) and line.startswith(b'{"') and line.endswith(b"}\n"):
                    n_bytes += kept.write(line)
    return n_bytes


def duckdb_run(folder, out):
    import duckdb

    text = lambda names: ", ".join(f'"{name}" VARCHAR' for name in names)
    value = (
        f"STRUCT(metadata STRUCT(phone_number_id VARCHAR), statuses STRUCT({text(STATUS)})[], "
        f"messages STRUCT({text(MESSAGE)})[])"
    )
    entry = f'STRUCT(changes STRUCT("value" {value})[])[]'
    sql = f"""
        COPY (
            WITH bodies AS (
                SELECT unnest(coalesce(entry, body.entry)) AS entry
                FROM read_json('{folder}/*.ndjson', format = 'newline_delimited', ignore_errors = true,
                               columns = {{entry: '{entry}', body: 'STRUCT(entry {entry})'}})
            ), parts AS (SELECT unnest(entry.changes)."value" AS part FROM bodies),
            events AS (
                SELECT row.recipient_id AS contact, row."timestamp" AS event_at, row.status AS kind, row.id AS message, account
                FROM (SELECT unnest(part.statuses) AS row, part.metadata.phone_number_id AS account FROM parts)
                UNION ALL
                SELECT row."from", row."timestamp", row."type", row.id, account
                FROM (SELECT unnest(part.messages) AS row, part.metadata.phone_number_id AS account FROM parts)
            )
            SELECT contact, try_cast(event_at AS BIGINT) AS "at", kind, message, account FROM events
            WHERE message IS NOT NULL AND try_cast(event_at AS BIGINT) IS NOT NULL
            ORDER BY contact, "at"
        ) TO '{out}' (FORMAT parquet, COMPRESSION zstd)"""
    duckdb.execute(sql)


def chdb_run(folder, out):
    import chdb

    text = lambda names: ", ".join(f"`{name}` String" for name in names)
    value = (
        f"Tuple(metadata Tuple(phone_number_id String), statuses Array(Tuple({text(STATUS)})), "
        f"messages Array(Tuple({text(MESSAGE)})))"
    )
    entry = f"Array(Tuple(changes Array(Tuple(value {value}))))"
    sql = f"""
        INSERT INTO FUNCTION file('{out}', Parquet)
        SELECT event.1 AS contact, toInt64OrNull(event.2) AS at, event.3 AS kind, event.4 AS message, event.5 AS account
        FROM (
            SELECT arrayJoin(arrayConcat(
                arrayMap(x -> (x.4, x.3, x.2, x.1, part.metadata.phone_number_id), part.statuses),
                arrayMap(x -> (x.2, x.3, x.4, x.1, part.metadata.phone_number_id), part.messages))) AS event
            FROM (
                SELECT arrayJoin(arrayJoin(arrayConcat(entry, body.entry)).changes).value AS part
                FROM file('{folder}/*.ndjson', JSONEachRow, 'entry {entry}, body Tuple(entry {entry})')
            )
        )
        WHERE message != '' AND at IS NOT NULL
        ORDER BY contact, at
        SETTINGS input_format_skip_unknown_fields = 1, input_format_json_ignore_unknown_keys_in_named_tuple = 1,
            input_format_json_defaults_for_missing_elements_in_named_tuple = 1, input_format_null_as_default = 1,
            input_format_json_read_numbers_as_strings = 1, input_format_allow_errors_ratio = 0.5,
            output_format_parquet_compression_method = 'zstd', engine_file_truncate_on_insert = 1"""
    chdb.query(sql)


def polars_run(folder, out):
    import polars as pl

    text = lambda names: pl.List(pl.Struct({name: pl.String for name in names}))
    value = pl.Struct(
        {"metadata": pl.Struct({"phone_number_id": pl.String}), "statuses": text(STATUS), "messages": text(MESSAGE)}
    )
    entry = pl.List(pl.Struct({"changes": pl.List(pl.Struct({"value": value}))}))
    part = (
        pl.scan_ndjson(f"{folder}/*.ndjson", schema={"entry": entry, "body": pl.Struct({"entry": entry})}, ignore_errors=True)
        .select(pl.coalesce("entry", pl.col("body").struct.field("entry")).alias("entry"))
        .explode("entry")
        .select(pl.col("entry").struct.field("changes"))
        .explode("changes")
        .select(pl.col("changes").struct.field("value"))
        .select(
            pl.col("value").struct.field("statuses"),
            pl.col("value").struct.field("messages"),
            pl.col("value").struct.field("metadata").struct.field("phone_number_id").alias("account"),
        )
    )

    def rows(column, contact, kind):
        row = lambda name: pl.col(column).struct.field(name)
        return part.select(column, "account").explode(column).select(
            row(contact).alias("contact"),
            row("timestamp").cast(pl.Int64, strict=False).alias("at"),
            row(kind).alias("kind"),
            row("id").alias("message"),
            "account",
        )

    events = pl.concat([rows("statuses", "recipient_id", "status"), rows("messages", "from", "type")])
    events = events.filter(pl.col("message").is_not_null() & pl.col("at").is_not_null())
    events.sort("contact", "at").sink_parquet(out, compression="zstd")


def trichter_run(folder, out, trichter):
    command = [trichter, "ingest", folder, "--store", out, "--quiet"]
    # Rejects make it exit with 1; a store that was written is what counts.
    subprocess.run(command, stderr=subprocess.DEVNULL)


def n_rows(engine, out):
    """Distinct (message, kind, time) of statuses and messages. Outside of the time that is measured."""
    import duckdb

    if engine == "trichter":
        # The send log names the type of its messages, a status does not. What the rules make of an event is left out.
        sql = f"""
            SELECT count(*) FROM (SELECT DISTINCT message_id, kind, "at" FROM '{out}/events/month=*/*.parquet' WHERE
                kind IN ('message_delivered', 'message_opened', 'message_failed', 'message_suppressed',
                         'message_received', 'button_clicked', 'reaction_received')
                OR kind = 'message_sent' AND message_type IS NULL)"""
    else:
        sql = f"SELECT count(*) FROM (SELECT DISTINCT message, kind, \"at\" FROM '{out}')"
    return duckdb.execute(sql).fetchone()[0]


def child(engine, folder, out, trichter):
    """Runs in a process of its own; prints the seconds that the work took."""
    if engine == "trichter":
        started = time.monotonic()
        trichter_run(folder, out, trichter)
    else:
        __import__(engine)
        started = time.monotonic()
        {"duckdb": duckdb_run, "chdb": chdb_run, "polars": polars_run}[engine](folder, out)
    seconds = time.monotonic() - started
    # Of trichter, what it took itself, not the Python around it.
    who = resource.RUSAGE_CHILDREN if engine == "trichter" else resource.RUSAGE_SELF
    print(seconds, resource.getrusage(who).ru_maxrss / 1024)


def measure(engine, folder, trichter):
    """Seconds, peak memory in MB, rows."""
    scratch = tempfile.mkdtemp(prefix="peers-")
    try:
        out = os.path.join(scratch, "store" if engine == "trichter" else "events.parquet")
        command = [sys.executable, __file__, folder, "--trichter", trichter, "--child", engine, "--out", out]
        process = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if process.returncode != 0:
            return None
        seconds, peak = map(float, process.stdout.split()[-2:])
        return seconds, peak, n_rows(engine, out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--trichter", default="target/release/trichter")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child, options.folder, options.out, options.trichter)

    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        logs = os.path.join(scratch, "logs")
        n_bytes = copy(options.folder, logs)
        return compare(logs, n_bytes, options)


def compare(logs, n_bytes, options):
    found = {engine: [] for engine in options.engines.split(",")}
    for run in range(options.runs):
        for engine, results in found.items():
            fastest = min((result[0] for others in found.values() for result in others), default=0)
            if run > 0 and (not results or results[0][0] > SLOW * fastest):
                continue
            result = measure(engine, logs, options.trichter)
            if result is None:
                print(f"{engine}: did not finish", file=sys.stderr)
            else:
                results.append(result)

    print(f"{n_bytes / 1e6:.0f} MB of NDJSON, {os.cpu_count()} cores; medians")
    print(f"{'engine':10}{'MB/s':>8}{'seconds':>9}{'peak MB':>9}{'rows':>12}  runs")
    for engine, results in found.items():
        if results:
            seconds, peak, rows = (statistics.median(values) for values in zip(*results))
            note = "" if len(results) == options.runs else f" (more than {SLOW} times the fastest: not run again)"
            print(f"{engine:10}{n_bytes / 1e6 / seconds:8.0f}{seconds:9.2f}{peak:9.0f}{int(rows):12}  {len(results)}{note}")
    counts = {int(results[0][2]) for results in found.values() if results}
    if len(counts) > 1:
        print(f"Rows differ: {sorted(counts)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
