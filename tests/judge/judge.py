#!/usr/bin/env python3
"""Counts a store with DuckDB and compares with `trichter query` and `trichter funnel`.

Usage: judge.py TRICHTER STORE [--facts]

TRICHTER is the program. Every query is run over the rows that `trichter export` writes; see facts.py. Four rates and a
funnel are counted from the events themselves; their definitions are in definitions.sql beside this file, and hold for
a STORE whose configuration leaves the windows as they are: --facts leaves them out. Exit code 0 if every count is equal, 1
if one differs.
"""

import csv
import io
import json
import pathlib
import subprocess
import sys

import deltalake
import duckdb

import facts

BREAKDOWNS = {
    "open_rate": ["", "channel", "campaign"],
    "engagement_rate": ["", "channel", "campaign"],
    "unsubscribe_rate": ["", "channel", "campaign"],
    "question_drop_off_rate": ["", "channel", "campaign", "question"],
}


# The steps of the funnel; funnel.sql beside this file counts the same, and says so in its own words.
FUNNEL = ["--window", "3d", "--step", "kind=message_sent", "--step", "kind=message_received|button_clicked"]
FUNNEL += ["--step", "kind=flow_ended"]


def funnel_of_program(program, store):
    command = [program, "funnel", *FUNNEL, "--by", "channel", "--store", store, "--format", "json"]
    rows = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["rows"]
    return {(row["segment"]["channel"], place): step["reached"] for row in rows for place, step in enumerate(row["steps"])}


def funnel_of_duckdb(connection):
    rows = connection.execute(pathlib.Path(__file__).with_name("funnel.sql").read_text(encoding="utf-8")).fetchall()
    return {(channel, place): count for channel, *counts in rows for place, count in enumerate(counts)}


def of_program(program, store, metric, by):
    command = [program, "query", metric, "--store", store, "--format", "csv"]
    command += ["--by", by] if by else []
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = csv.DictReader(io.StringIO(text))
    counts = {row[by] if by else "": (int(row["numerator"]), int(row["denominator"])) for row in rows}
    return {segment: pair for segment, pair in counts.items() if pair[1]}


def of_duckdb(connection, metric, by):
    rows = connection.execute(
        f"""
        SELECT coalesce({by or "''"}, '') AS segment, count(*) FILTER (WHERE counts), count(*)
        FROM counted WHERE metric = ? GROUP BY segment
        """,
        [metric],
    ).fetchall()
    return {segment: (numerator, denominator) for segment, numerator, denominator in rows}


def of_events(program, store):
    """Counts from the events: how many cells were compared, and how many differ."""
    # Only files that the table's log names are read: others are leftovers or already replaced.
    files = deltalake.DeltaTable(f"{store}/events").file_uris()
    connection = duckdb.connect()
    connection.read_parquet(files).create_view("events")
    connection.execute(pathlib.Path(__file__).with_name("definitions.sql").read_text(encoding="utf-8"))

    n_compared, n_different = 0, 0
    for metric, breakdowns in BREAKDOWNS.items():
        for by in breakdowns:
            ours, theirs = of_program(program, store, metric, by), of_duckdb(connection, metric, by)
            for segment in sorted(ours.keys() | theirs.keys()):
                n_compared += 1
                if ours.get(segment) != theirs.get(segment):
                    n_different += 1
                    name = f"{metric} {by}={segment}" if by else metric
                    print(f"DIFFERENT  {name}: trichter {ours.get(segment)}, DuckDB {theirs.get(segment)}")
        numerator, denominator = of_duckdb(connection, metric, "").get("", (0, 0))
        print(f"{metric:<24} {numerator:>9} of {denominator}")
    ours, theirs = funnel_of_program(program, store), funnel_of_duckdb(connection)
    for place in sorted(ours.keys() | theirs.keys()):
        n_compared += 1
        if ours.get(place) != theirs.get(place):
            n_different += 1
            print(f"DIFFERENT  funnel {place}: trichter {ours.get(place)}, DuckDB {theirs.get(place)}")
    print(f"{'funnel':<24} {sum(theirs.values()):>9} steps reached")
    if not theirs.get(("whatsapp", 2)):
        print("DIFFERENT  funnel: nobody came to its end, so it proves nothing")
        n_different += 1
    return n_compared, n_different


def main(program, store, only_facts):
    judges = [facts.judge(duckdb.connect(), program, store)]
    judges += [] if only_facts else [of_events(program, store)]
    n_compared, n_different = (sum(counts) for counts in zip(*judges))
    if not n_compared or n_different:
        print(f"FAILED: {n_different} of {n_compared} counts differ")
        return 1
    print(f"PASSED: DuckDB finds the same {n_compared} counts")
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["--facts"]):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:3], only_facts=len(sys.argv) == 4))
