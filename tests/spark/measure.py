#!/usr/bin/env python3
"""Tells what the filter costs beside the scan of the program itself, on the same events, and what a second core brings.

Usage: measure.py TRICHTER STORE SCRATCH

Reads and sorts the whole store in memory first, which is not measured. Times are of processes, from start to end; of the
program: all counts of a report and the report as JSON; of the filter: the counts alone, from a stream in a file.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

import pyarrow
import pyarrow.parquet

SORTED_BY = ["contact_key", "at", "position", "event_id"]
BATCH = 10_000
# Events that are sorted in memory.
MOST = 6_000_000
ONE_THREAD = {**os.environ, "POLARS_MAX_THREADS": "1"}


def events(store, context):
    def plain(field):
        is_words = pyarrow.types.is_dictionary(field.type)
        return pyarrow.field(field.name, field.type.value_type if is_words else field.type)

    tables = []
    for file in context["files"]:
        # As Spark hands them over: words as text.
        table = pyarrow.parquet.ParquetFile(store / "events" / file).read(columns=context["columns"])
        tables.append(table.cast(pyarrow.schema([plain(field) for field in table.schema])))
    return pyarrow.concat_tables(tables).sort_by([(name, "ascending") for name in SORTED_BY])


def halves(table):
    """Two tables that share no contact."""
    keys = table.column("contact_key")
    cut = table.num_rows // 2
    while 0 < cut < table.num_rows and keys[cut] == keys[cut - 1]:
        cut += 1
    return [table.slice(0, cut), table.slice(cut)]


def stream(table, path):
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, table.schema) as out:
        out.write_table(table, max_chunksize=BATCH)
    return path


def seconds(commands):
    """How long processes that run at once take together; each a command and what it reads."""
    begun = time.monotonic()
    running = []
    for command, source in commands:
        with open(source or os.devnull, "rb") as stdin:
            running.append(subprocess.Popen(command, stdin=stdin, stdout=subprocess.DEVNULL, env=ONE_THREAD))
    if any(process.wait() for process in running):
        sys.exit("FAILED: a process has failed")
    return time.monotonic() - begun


def main(program, store, scratch):
    store, scratch = pathlib.Path(store), pathlib.Path(scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    context = scratch / "context.json"
    with context.open("w") as file:
        subprocess.run([program, "kernel", "context", "--store", str(store)], stdout=file, check=True)
    table = events(store, json.loads(context.read_text(encoding="utf-8")))
    whole = stream(table, scratch / "whole.arrows")
    parts = [stream(half, scratch / f"half-{number}.arrows") for number, half in enumerate(halves(table))]
    kernel = [program, "--threads", "1", "kernel", "counts", "--context", str(context)]
    report = [program, "report", "--store", str(store), "--format", "json", "--out", str(scratch / "out"), "--quiet"]
    own = [seconds([([*report, "--threads", str(n)], None)]) for n in (1, 2)]
    filtered = [seconds([(kernel, whole)]), seconds([(kernel, part) for part in parts])]
    print(f"{table.num_rows} events, {whole.stat().st_size} bytes as a stream")
    print(f"the program itself: {own[0]:.2f} s with one thread, {own[1]:.2f} s with two: {own[0] / own[1]:.2f} times as fast")
    print(f"the filter: {filtered[0]:.2f} s with one process, {filtered[1]:.2f} s with two: {filtered[0] / filtered[1]:.2f} times as fast")
    print(f"the filter takes {filtered[0] / own[0]:.2f} times as long as the program itself with one, {filtered[1] / own[1]:.2f} with two")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
