#!/usr/bin/env python3
"""Holds the numbers of a report against the SQL that is shipped with an export, run over the exported tables.

Usage: figures.py TRICHTER STORE SCRATCH

DuckDB reads a Parquet export through duckdb/tables.sql of the contract; a PostgreSQL server of its own, where one is
installed, takes an export and runs the other dialect. Every statement of the contract is compared with `trichter query`, every figure of report.json is looked for in what the
statements find, the tables of measures and funnels are compared with `measure_results` and `funnel_results`, and
`daily_counts` are added up. Exit code 0 if nothing differs, 1 if something does.
"""

import json
import math
import os
import pathlib
import subprocess
import sys

import duckdb
import psycopg

import postgres

# Days of this zone are not those of UTC, and not always 24 hours long.
ZONE = "Europe/Berlin"
BOUNDS = {"least": (True, False), "most": (False, True), "exact": (False, False)}
RATES = ["numerator", "denominator", "value", "low", "high"]
VALUES = ["n", "median", "p90", "p99"]


def run(program, *arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


class DuckDb:
    """A Parquet export, read through the views of the contract."""

    name = "duckdb"

    def __init__(self, export, contract):
        tables = (contract / "duckdb" / "tables.sql").read_text(encoding="utf-8")
        os.chdir(export)
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute(tables)

    def rows(self, sql):
        result = self.connection.execute(sql)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row)) for row in result.fetchall()]


class Postgres:
    """A server that an export was written to."""

    name = "postgres"

    def __init__(self, address):
        self.connection = psycopg.connect(address, autocommit=True)

    def rows(self, sql):
        cursor = self.connection.execute(sql)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]


class Cells:
    """How many cells were compared, and how many differ."""

    def __init__(self):
        self.n_compared, self.n_different = 0, 0

    def hold(self, what, ours, theirs):
        self.n_compared += 1
        if not equal(ours, theirs):
            self.n_different += 1
            if self.n_different <= 50:
                print(f"DIFFERENT  {what}: trichter {ours!r}, SQL {theirs!r}")


def equal(ours, theirs):
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)) and not isinstance(ours, bool):
        # Counts are equal to the last; estimates are computed in another order.
        return ours == theirs or math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-12)
    return ours == theirs


def of_statements(engine, contract, answers, cells):
    """Compares every statement with its answer. What the statements found, by metric."""
    found = {}
    for query, answer in zip(contract["queries"], answers, strict=True):
        metric, by = query["metric"], query["by"]
        rows = engine.rows(query[engine.name])
        found.setdefault(metric, []).extend(rows)
        is_rate = "rate" in rows[0] if rows else True
        theirs = {tuple(row[column] for column in by): row for row in rows}
        ours = {tuple(row["segment"][column] for column in by): row for row in answer["rows"]}
        cells.hold(f"{metric} by {by}: number of rows", len(ours), len(rows))
        for segment in ours.keys() | theirs.keys():
            what = f"{metric} {dict(zip(by, segment))}"
            our, their = ours.get(segment, {}), dict(theirs.get(segment, {}))
            if "measurable" in our:
                cells.hold(f"{what} measurable", our["measurable"], their.get("measurable"))
            if not their.get("measurable"):
                continue
            if is_rate:
                their["value"] = their.get("rate")
                bound = (our.get("lower_bound"), our.get("upper_bound"))
                cells.hold(f"{what} bound", bound, BOUNDS.get(their.get("bound")))
            for name in RATES if is_rate else VALUES:
                cells.hold(f"{what} {name}", our.get(name), their.get(name))
    return found


def figures(told):
    """Every figure of a metric in a report."""
    if isinstance(told, dict):
        if "metric" in told and told.get("measurable"):
            yield told
        for value in told.values():
            yield from figures(value)
    elif isinstance(told, list):
        for value in told:
            yield from figures(value)


def of_report(report, found, cells):
    """Looks for every figure of the report among the rows that statements found."""
    known = {
        metric: {tuple(row.get(name) for name in (["numerator", "denominator"] if "rate" in row else VALUES)) for row in rows}
        for metric, rows in found.items()
    }
    for figure in figures({name: part for name, part in report.items() if name != "definitions"}):
        names = ["numerator", "denominator"] if "numerator" in figure else VALUES
        if names[0] not in figure:
            continue
        cells.hold(f"figure of {figure['metric']}", True, tuple(figure[name] for name in names) in known.get(figure["metric"], set()))


def parts(cell):
    return cell.items() if isinstance(cell, dict) else [("value", cell)]


def of_measures(engine, report, cells):
    """Compares the numbers and sums of money in the tables of measures; words are those of a language there."""
    rows = engine.rows("SELECT measure, result, row_number, column_name, part, number, text FROM trichter.measure_results")
    known = {(row["measure"], row["result"], row["row_number"], row["column_name"], row["part"]): row for row in rows}
    for measured in report["measures"]:
        for table in measured["tables"]:
            for number, row in enumerate(table["rows"], start=1):
                for column, cell in row.items():
                    if column == "immature":
                        continue
                    for part, value in parts(cell):
                        what = (measured["measure"], table["id"], number, column, part)
                        their = known.get(what)
                        if isinstance(value, bool):
                            cells.hold(what, str(value).lower(), their and their["text"])
                        elif isinstance(value, (int, float)) or value is None:
                            cells.hold(what, value, their and their["number"])
                        elif part == "amount":
                            cells.hold(what, value, their and their["text"])
                        else:
                            cells.hold(what, True, their is not None)


def of_funnels(engine, report, cells):
    rows = engine.rows("SELECT * FROM trichter.funnel_results WHERE segment_key = 'all' ORDER BY funnel, step_number")
    known = {(row["funnel"], row["step_number"]): row for row in rows}
    for funnel in report["funnels"]:
        for number, step in enumerate(funnel["steps"], start=1):
            row = known.get((funnel["funnel"], number), {})
            pairs = [(step[name], row.get(f"n_{name}")) for name in ("reached", "converted", "lost", "excluded", "open")]
            pairs += [
                (step["from_start"]["denominator"], row.get("n_from_start")),
                (step["from_previous"]["denominator"], row.get("n_from_previous")),
                (step["time_s"]["median"], row.get("median_s")),
                (step["time_s"]["p90"], row.get("p90_s")),
                (step["time_from_start_s"]["median"], row.get("median_from_start_s")),
                (step["time_from_start_s"]["p90"], row.get("p90_from_start_s")),
            ]
            for ours, theirs in pairs:
                cells.hold(f"funnel {funnel['funnel']} step {number}", ours, theirs)


def of_days(engine, contract, found, cells):
    """Adds daily counts up, as the contract says, and compares them with the whole."""
    for metric in contract["metrics"]:
        formula = metric["from_daily_counts"]
        overall = [row for row in found.get(metric["id"], []) if not any(name in row for query in contract["queries"] for name in query["by"])]
        if not formula or not overall or not overall[0]["measurable"]:
            continue
        (value,) = engine.rows(formula.replace("FROM daily_counts", "AS value FROM trichter.daily_counts"))
        row = overall[0]
        ours = row["rate"] if "rate" in row else (row["sum"] / row["n"] if row["n"] else None)
        cells.hold(f"{metric['id']} from daily counts", ours, value["value"] and float(value["value"]))


def judge(engine, contract, answers, report):
    cells = Cells()
    found = of_statements(engine, contract, answers, cells)
    of_report(report, found, cells)
    of_measures(engine, report, cells)
    of_funnels(engine, report, cells)
    of_days(engine, contract, found, cells)
    print(f"{engine.name}: {cells.n_compared} cells compared, {cells.n_different} different")
    return cells.n_compared and not cells.n_different


def main(program, store, scratch):
    scratch = pathlib.Path(scratch).absolute()
    folder, export = scratch / "contract", scratch / "figures"
    reading = ["--store", str(pathlib.Path(store).absolute()), "--timezone", ZONE]
    program = str(pathlib.Path(program).absolute())
    run(program, "export", f"parquet:{export}", "--contract", str(folder), *reading)
    run(program, "report", *reading, "--format", "json", "--out", str(scratch / "report"))
    report = json.loads((scratch / "report" / "report.json").read_text(encoding="utf-8"))
    contract = json.loads((folder / "contract.json").read_text(encoding="utf-8"))
    asks = [":".join([query["metric"], *filter(None, [",".join(query["by"])])]) for query in contract["queries"]]
    answers = json.loads(run(program, "query", *asks, *reading, "--format", "json"))
    are_equal = [judge(DuckDb(export, folder), contract, answers, report)]
    if postgres.is_installed():
        with postgres.Server(scratch / "server") as server:
            address = server.address("postgres", "postgres")
            run(program, "export", address, *reading)
            are_equal.append(judge(Postgres(address), contract, answers, report))
    else:
        print("SKIPPED: no PostgreSQL is installed: its dialect of the shipped SQL was not run")
    return 0 if all(are_equal) else 1


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
