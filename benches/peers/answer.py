"""One engine answers questions: opened once, then asked over standard input, a name a line; answers as JSON, a line each.

Each engine runs in a process of its own, so that its peak of memory is its own.
"""

import json
import os
import pathlib
import resource
import sys
import time

import funnels
from data import THREADS

HERE = pathlib.Path(__file__).parent
FUNNELS = ["funnel_5", "funnel_13"]
QUESTIONS = ["rates", "visits", *FUNNELS]


def queries(name):
    """The named queries of an SQL file."""
    parts = (HERE / name).read_text(encoding="utf-8").split("-- name: ")[1:]
    return {part.split("\n", 1)[0].strip(): part.split("\n", 1)[1].strip().rstrip(";") for part in parts}


def keyed(rows):
    return {key: [int(count) for count in counts] for key, *counts in rows}


def open_duckdb(work):
    import duckdb

    connection = duckdb.connect(str(work / "duckdb.db"), read_only=True, config={"threads": THREADS})
    sql = queries("queries_duckdb.sql")

    def ask(question):
        if question in FUNNELS:
            return list(connection.execute(funnels.duckdb(*funnels.read(question))).fetchone())
        return keyed(connection.execute(sql[question]).fetchall())

    return ask


def open_clickhouse(work):
    from chdb import session

    connection = session.Session(str(work / "clickhouse"))
    connection.query("USE peers")
    connection.query(f"SET max_threads = {THREADS}")
    sql = queries("queries_clickhouse.sql")

    def ask(question):
        text = funnels.clickhouse(*funnels.read(question)) if question in FUNNELS else sql[question]
        rows = [line.split("\t") for line in connection.query(text, "TSV").data().splitlines()]
        return [int(count) for count in rows[0]] if question in FUNNELS else keyed(rows)

    return ask


def open_polars(work):
    os.environ["POLARS_MAX_THREADS"] = str(THREADS)
    import polars
    import queries_polars

    events = polars.scan_ipc(work / "polars.arrow")

    def ask(question):
        if question in FUNNELS:
            return queries_polars.funnel(events, *funnels.read(question))
        return getattr(queries_polars, question)(events)

    return ask


OPEN = {"duckdb": open_duckdb, "clickhouse": open_clickhouse, "polars": open_polars}


def main(engine, work):
    ask = OPEN[engine](pathlib.Path(work))
    for line in sys.stdin:
        wall, processor = time.perf_counter(), time.process_time()
        answer = ask(line.strip())
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({"answer": answer, "wall": wall, "processor": processor, "peak_kib": peak}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
