"""Holds the facts that Spark wrote against those of an export, and the shipped statements in Spark SQL against `trichter query`."""

import json
import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor

import pyarrow
import pyarrow.dataset
from pyspark.sql import SparkSession

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "exports"))
import figures

# Fact tables, and what names a row of them.
TABLES = ["contact_months", "contacts", "conversations", "messages", "opt_outs", "permissions", "visits"]


def table(folder, names=None):
    found = pyarrow.dataset.dataset(str(folder), format="parquet", partitioning=None).to_table(columns=names)
    texts = {field.name: pyarrow.string() for field in found.schema if pyarrow.types.is_dictionary(field.type)}
    fields = [pyarrow.field(field.name, texts.get(field.name, field.type)) for field in found.schema]
    # Spark writes no metadata, and instants without the name of their zone.
    found = found.cast(pyarrow.schema(fields))
    return found.sort_by([(name, "ascending") for name in found.column_names])


def are_equal(export, facts):
    """Compares every cell of every fact table."""
    n_cells = 0
    for name in TABLES:
        theirs = table(facts / name)
        ours = table(export / "current" / name, theirs.column_names)
        if ours.num_rows != theirs.num_rows:
            print(f"{name}: {ours.num_rows} rows, and {theirs.num_rows} of Spark")
            return False
        for column in ours.column_names:
            left, right = ours.column(column), theirs.column(column)
            if left.equals(right):
                continue
            left, right = left.to_pylist(), right.to_pylist()
            different = [pair for pair in zip(left, right) if pair[0] != pair[1]]
            if different:
                print(f"{name}.{column}: {len(different)} cells differ, first {different[0]}")
                return False
        n_cells += ours.num_rows * ours.num_columns
    print(f"{n_cells} cells of {len(TABLES)} fact tables compared, 0 different")
    return n_cells > 0


class SparkSql:
    """Facts that Spark wrote as tables of Spark SQL, in a session of its own."""

    name = "spark"

    def __init__(self, facts, export, scratch, is_big):
        settings = {
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": "1",
            "spark.sql.warehouse.dir": str(scratch / "warehouse"),
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.adaptive.enabled": "false",
        }
        if is_big:
            settings["spark.driver.memory"] = "6g"
        else:
            # Compiling a statement takes longer than running it over so few rows.
            settings["spark.sql.codegen.wholeStage"] = "false"
            settings["spark.sql.codegen.factoryMode"] = "NO_CODEGEN"
        builder = SparkSession.builder.master("local[2]").appName("figures")
        for key, value in settings.items():
            builder = builder.config(key, value)
        self.session = builder.getOrCreate()
        self.session.sparkContext.setLogLevel("ERROR")
        self.session.sql("CREATE DATABASE IF NOT EXISTS trichter")
        for name in TABLES:
            self.make(name, facts / name)
        self.make("export_info", export / "current" / "export_info")

    def make(self, name, folder):
        self.session.sql(f"CREATE VIEW trichter.{name} AS SELECT * FROM parquet.`{folder}`")
        self.session.sql(f"CACHE TABLE trichter.{name}")

    def run(self, statements):
        """Runs them several at a time; most of a statement's time is planning."""

        def rows(sql):
            return [row.asDict() for row in self.session.sql(sql.strip().rstrip(";")).collect()]

        with ThreadPoolExecutor(4) as pool:
            self.found = dict(zip(statements, pool.map(rows, statements)))

    def rows(self, sql):
        return self.found[sql]

    def stop(self):
        self.session.stop()


def statements(engine, program, reading, contract, every):
    """Runs statements of the contract, of each metric the longest one or every; the cells that differ are printed."""
    contract = json.loads((contract / "contract.json").read_text(encoding="utf-8"))
    if not every:
        longest = {}
        for query in contract["queries"]:
            if len(query["by"]) >= len(longest.get(query["metric"], query)["by"]):
                longest[query["metric"]] = query
        contract["queries"] = list(longest.values())
    asks = [":".join([query["metric"], *filter(None, [",".join(query["by"])])]) for query in contract["queries"]]
    answers = json.loads(figures.run(program, "query", *asks, *reading, "--format", "json"))
    engine.run([query[engine.name] for query in contract["queries"]])
    cells = figures.Cells()
    figures.of_statements(engine, contract, answers, cells)
    print(f"{len(asks)} statements in Spark SQL: {cells.n_compared} cells compared, {cells.n_different} different")
    return cells.n_compared > 0 and cells.n_different == 0
