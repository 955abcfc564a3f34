"""Runs every query of the program over the rows of its fact tables, in DuckDB, and compares every cell.

The rows come from `trichter export`, the queries are the files in queries/ as they stand, with a view in place of each
table that adds the column `segment`. What the program says comes from `trichter query`, which counts all of it in one pass.
"""

import json
import pathlib
import re
import subprocess
import tempfile

QUERIES = pathlib.Path(__file__).parents[2] / "queries"
TYPES = {"instant": "TIMESTAMP", "number": "BIGINT", "count": "BIGINT", "flag": "BOOLEAN", "word": "VARCHAR"}
# How src/calendar.rs writes parts of time.
PARTS = {"day": "%Y-%m-%d", "month": "%Y-%m"}
# One in which days are not those of UTC, and not always 24 hours long.
ZONE = "Europe/Berlin"
# Besides these: every column that holds small whole numbers. A table takes those whose columns it has.
BREAKDOWNS = [[], ["channel"], ["campaign"], ["channel", "campaign"], ["flow", "question"], ["day"], ["month"], ["basis", "cohort", "age"]]
# Percent: a quantile is the smallest value that at least so many of the observations do not exceed.
QUANTILES = {"median": 50, "p90": 90, "p99": 99}


def ask(program, *arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


def queries():
    """Id, table and SELECT of every query."""
    for path in sorted(QUERIES.glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        yield path.stem, re.search(r"^-- table: *(\w+)", sql, re.MULTILINE).group(1), sql


class Table:
    """A fact table in DuckDB, named facts_TABLE."""

    def __init__(self, connection, program, store, name):
        told = ask(program, "explain", name)
        self.name = name
        self.columns = dict(re.findall(rf"^  (\w+) +({'|'.join(TYPES)}) ", told, re.MULTILINE))
        self.anchor = re.search(r"range of time of its (\w+)\.", told).group(1)
        with tempfile.NamedTemporaryFile(suffix=".csv") as rows:
            command = [program, "export", "-", "--tables", name, "--store", store, "--timezone", ZONE]
            subprocess.run(command, check=True, stdout=rows)
            # Beside the facts stand their day and month and keys of dimensions, which no query needs.
            header = pathlib.Path(rows.name).open(encoding="utf-8").readline().strip().split(",")
            columns = {column: TYPES[self.columns.get(column, "word")] for column in header}
            connection.execute(
                f"CREATE TABLE facts_{name} AS FROM read_csv('{rows.name}', header = true, auto_detect = false,"
                f" delim = ',', quote = '\"', escape = '\"', nullstr = '', columns = {columns})"
            )

    def breakdowns(self):
        counts = [[column] for column, form in self.columns.items() if form == "count"]
        for by in BREAKDOWNS + counts:
            if all(column in self.columns or column in PARTS for column in by):
                yield by

    def segment(self, by):
        def text(column):
            if column in PARTS:
                local = f"{self.anchor} AT TIME ZONE 'UTC' AT TIME ZONE '{ZONE}'"
                return f"strftime({local}, '{PARTS[column]}')"
            return f"CAST({column} AS VARCHAR)"

        return f"CAST([{', '.join(map(text, by))}] AS VARCHAR[])"


def quantile(values, percent):
    seen, n = 0, sum(values.values())
    for value in sorted(values):
        seen += values[value]
        if 100 * seen >= percent * n:
            return value


def of_duckdb(connection, sql):
    """The cells of every segment that has any."""
    result = connection.execute(sql)
    names = [column[0] for column in result.description]
    rows = [dict(zip(names, row)) for row in result.fetchall()]
    cells = {}
    if "value" in names:
        for row in rows:
            values = cells.setdefault(tuple(row["segment"]), {})
            values[row["value"]] = values.get(row["value"], 0) + row["n"]
        return {
            segment: {"n": sum(values.values()), **{name: quantile(values, q) for name, q in QUANTILES.items()}}
            for segment, values in cells.items()
        }
    for row in rows:
        known = cells.setdefault(tuple(row["segment"]), {"numerator": 0, "denominator": 0})
        for name in known:
            known[name] += int(row[name] or 0)
    return {segment: known for segment, known in cells.items() if known["denominator"]}


def of_program(answer, by):
    cells = {}
    for row in answer["rows"]:
        names = ["numerator", "denominator"] if "numerator" in row else ["n", *QUANTILES]
        if row[names[-1] if "numerator" in row else "n"]:
            cells[tuple(row["segment"][column] for column in by)] = {name: row[name] for name in names}
    return cells


def judge(connection, program, store):
    """Prints a line for each metric; how many cells were compared, and how many differ."""
    metrics = list(queries())
    tables = {name: Table(connection, program, store, name) for name in sorted({table for _, table, _ in metrics})}
    asked = [(metric, tables[table], sql, by) for metric, table, sql in metrics for by in tables[table].breakdowns()]
    names = [f"{metric}:{','.join(by)}" if by else metric for metric, _, _, by in asked]
    answers = json.loads(ask(program, "query", *names, "--store", store, "--timezone", ZONE, "--format", "json"))

    n_compared, n_different = {}, {}
    for (metric, table, sql, by), answer in zip(asked, answers, strict=True):
        assert answer["metric"] == metric, "answers come in the order of the asks"
        connection.execute(
            f"CREATE OR REPLACE VIEW {table.name} AS SELECT *, {table.segment(by)} AS segment FROM facts_{table.name}"
        )
        ours, theirs = of_program(answer, by), of_duckdb(connection, sql)
        connection.execute(f"DROP VIEW {table.name}")
        for segment in ours.keys() | theirs.keys():
            our, their = ours.get(segment, {}), theirs.get(segment, {})
            for cell in our.keys() | their.keys():
                n_compared[metric] = n_compared.get(metric, 0) + 1
                if our.get(cell) != their.get(cell):
                    n_different[metric] = n_different.get(metric, 0) + 1
                    place = ", ".join(f"{column}={value}" for column, value in zip(by, segment))
                    print(f"DIFFERENT  {metric} {place} {cell}: trichter {our.get(cell)}, DuckDB {their.get(cell)}")
    print(f"{'metric':<40} {'cells compared':>14} {'different':>9}")
    for metric, _, _ in metrics:
        print(f"{metric:<40} {n_compared.get(metric, 0):>14} {n_different.get(metric, 0):>9}")
    return sum(n_compared.values()), sum(n_different.values())
