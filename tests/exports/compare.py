"""Exports a store to every target, reads each back with other programs, and compares every cell.

Usage: compare.py TRICHTER STORE SCRATCH [--without TARGET]…

What pyarrow reads from Parquet is what all others are held against. Exit code 0 if every cell is equal, 1 if one differs.
"""

import datetime
import json
import pathlib
import sqlite3
import subprocess
import sys

import deltalake
import duckdb
import pandas
import polars
import pyarrow
import pyarrow.compute
import pyarrow.csv
import pyarrow.dataset
import pyarrow.ipc
import pyarrow.parquet

TARGETS = ["arrow", "csv", "csv+zst", "delta", "ndjson", "parquet", "sqlite", "xlsx"]
# One more night: a message after all others, to somebody new, and a reply to it.
NIGHT = [
    {"kind": "message_sent", "contact_id": "late", "message_id": "late-1", "channel": "sms", "campaign": "last, \"one\""},
    {"kind": "message_received", "contact_id": "late", "message_id": "late-2", "channel": "sms"},
]
EPOCH = datetime.datetime(1970, 1, 1)


def read_parquet(folder, _):
    """One table, with the month out of the folders' names."""
    parts = []
    for path in sorted(folder.rglob("*.parquet")):
        part = pyarrow.parquet.ParquetFile(path).read()
        parts.append(with_month(part, path))
    return pyarrow.concat_tables(parts)


def with_month(part, path):
    name, _, month = path.parent.name.partition("=")
    if name != "month":
        return part
    month = None if month.startswith("__") else month
    return part.append_column("month", pyarrow.array([month] * len(part), pyarrow.string()))


def parquet_by_duckdb(folder, _):
    name = f"{folder}/**/*.parquet"
    return in_duckdb(f"FROM read_parquet('{name}', hive_partitioning = true, hive_types_autocast = false)")


def in_duckdb(query):
    connection = duckdb.connect()
    connection.execute("SET timezone = 'UTC'")
    return connection.sql(query).to_arrow_table()


def parquet_by_pandas(folder, _):
    return pyarrow.Table.from_pandas(pandas.read_parquet(folder, dtype_backend="pyarrow"), preserve_index=False)


def parquet_by_polars(folder, schema):
    types = {"month": polars.String} if "month" in schema.names else None
    return polars.read_parquet(f"{folder}/**/*.parquet", hive_partitioning=True, hive_schema=types).to_arrow()


def arrow_by_pyarrow(folder, _):
    return pyarrow.concat_tables(
        with_month(pyarrow.ipc.open_file(path).read_all(), path) for path in sorted(folder.rglob("*.arrow"))
    )


def arrow_by_polars(folder, _):
    return pyarrow.concat_tables(
        with_month(polars.read_ipc(path).to_arrow(), path) for path in sorted(folder.rglob("*.arrow"))
    )


def csv_by_pyarrow(folder, schema):
    parts = []
    types = {field.name: field.type for field in schema}
    # Only what is not quoted is null: the empty text is a text.
    options = pyarrow.csv.ConvertOptions(
        column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    lines = pyarrow.csv.ParseOptions(newlines_in_values=True)
    for path in sorted(folder.rglob("part.csv*")):
        packed = "zstd" if path.suffix == ".zst" else None
        with pyarrow.input_stream(str(path), compression=packed) as stream:
            parts.append(with_month(pyarrow.csv.read_csv(stream, parse_options=lines, convert_options=options), path))
    return pyarrow.concat_tables(parts)


def ndjson_by_duckdb(folder, schema):
    names = {"int64": "BIGINT", "double": "DOUBLE", "bool": "BOOLEAN", "date32[day]": "DATE", "string": "VARCHAR"}
    all_columns = {field.name: names.get(str(field.type), "TIMESTAMPTZ") for field in schema}
    parts = []
    for path in sorted(folder.rglob("*.ndjson")):
        is_cut = path.parent.name.startswith("month=")
        columns = {name: kind for name, kind in all_columns.items() if name != "month" or not is_cut}
        query = f"FROM read_json('{path}', format = 'newline_delimited', columns = {columns}, timestampformat = 'iso', hive_partitioning = false)"
        parts.append(with_month(in_duckdb(query), path))
    return pyarrow.concat_tables(parts, promote_options="permissive")


def delta_by_deltalake(folder, schema):
    table = deltalake.DeltaTable(str(folder))
    files = sorted(table.file_uris())
    assert table.metadata().description.startswith("one row per "), folder
    rows = pyarrow.table(deltalake.QueryBuilder().register("t", table).execute("SELECT * FROM t").read_all())
    assert files, folder
    return rows


def delta_by_polars(folder, _):
    return polars.read_delta(str(folder)).to_arrow()


def sqlite_by_python(path, schema, table):
    rows = sqlite3.connect(path).execute(f'SELECT * FROM "{table}" ORDER BY rowid')
    names = [column[0] for column in rows.description]
    return from_rows(names, rows.fetchall(), schema)


def xlsx_by_openpyxl(path, schema, table, books={}):
    if path not in books:
        import openpyxl

        books[path] = openpyxl.load_workbook(path, read_only=True)
    names, *rows = books[path][table].iter_rows(values_only=True)
    return from_rows(names, rows, schema)


def from_rows(names, rows, schema):
    columns = list(zip(*rows)) if rows else [[] for _ in names]
    arrays = [typed(values, schema.field(name).type) for name, values in zip(names, columns)]
    return pyarrow.table(arrays, names=list(names))


def typed(values, kind):
    def one(value):
        if value is None:
            return None
        if pyarrow.types.is_boolean(kind):
            return bool(value)
        if pyarrow.types.is_integer(kind):
            return int(value)
        if pyarrow.types.is_date(kind) and isinstance(value, str):
            return datetime.date.fromisoformat(value)
        if pyarrow.types.is_date(kind):
            return value.date()
        if pyarrow.types.is_timestamp(kind) and isinstance(value, str):
            value = datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).replace(tzinfo=None)
        if pyarrow.types.is_timestamp(kind):
            return (value - EPOCH) // datetime.timedelta(microseconds=1)
        return value

    array = pyarrow.array([one(value) for value in values], pyarrow.int64() if pyarrow.types.is_timestamp(kind) else kind)
    return array.cast(kind)


def plain(table, schema):
    """The same columns in the same types, and months in their order: within one, rows stand as they were written."""
    if set(table.column_names) != set(schema.names):
        raise ValueError(f"columns differ: {sorted(set(table.column_names) ^ set(schema.names))}")
    table = table.select(schema.names).cast(schema)
    if "month" not in schema.names:
        return table
    place = pyarrow.array(range(len(table)), pyarrow.int64())
    keyed = pyarrow.table([table["month"], place], names=["month", "place"])
    order = pyarrow.compute.sort_indices(keyed, sort_keys=[("month", "ascending"), ("place", "ascending")])
    return table.take(order)


READERS = [
    ("parquet", "DuckDB", parquet_by_duckdb),
    ("parquet", "pandas", parquet_by_pandas),
    ("parquet", "Polars", parquet_by_polars),
    ("arrow", "pyarrow", arrow_by_pyarrow),
    ("arrow", "Polars", arrow_by_polars),
    ("csv", "pyarrow", csv_by_pyarrow),
    ("csv+zst", "pyarrow", csv_by_pyarrow),
    ("ndjson", "DuckDB", ndjson_by_duckdb),
    ("delta", "deltalake", delta_by_deltalake),
    ("delta", "Polars", delta_by_polars),
    ("sqlite", "sqlite3", sqlite_by_python),
    ("xlsx", "openpyxl", xlsx_by_openpyxl),
]


def place(scratch, target):
    return scratch / (f"export.{target}" if target in ("sqlite", "xlsx") else target)


def read(scratch, target, reader, table, schema):
    path = place(scratch, target)
    if target in ("sqlite", "xlsx"):
        return plain(reader(path, schema, table), schema)
    folder = path / table if target == "delta" else (path / "current").resolve() / table
    return plain(reader(folder, schema), schema)


def compare(scratch, targets):
    """Prints a line for each reader; how many cells were compared, and how many differ."""
    current = (place(scratch, "parquet") / "current").resolve()
    tables = {folder.name: read_parquet(folder, None) for folder in sorted(current.iterdir()) if folder.is_dir()}
    tables = {name: plain(table, table.schema) for name, table in tables.items()}
    n_all, n_bad = 0, 0
    for target, program, reader in READERS:
        if target not in targets:
            continue
        n_compared, n_different = 0, 0
        for name, expected in tables.items():
            found = read(scratch, target, reader, name, expected.schema)
            if len(found) != len(expected):
                print(f"DIFFERENT  {target} {name}: {len(found)} rows, not {len(expected)}")
                n_different += 1
                continue
            if program == "deltalake":
                # Its engine reads on several threads and keeps no order: rows are compared as a heap.
                everything = [(column, "ascending") for column in expected.column_names]
                expected, found = (side.take(pyarrow.compute.sort_indices(side, everything)) for side in (expected, found))
            for column in expected.column_names:
                left, right = expected[column], found[column]
                if target == "xlsx" and pyarrow.types.is_timestamp(left.type):
                    # openpyxl rounds to milliseconds.
                    left, right = (pyarrow.compute.round_temporal(side, 1, "millisecond") for side in (left, right))
                n_compared += len(left)
                if not left.combine_chunks().equals(right.combine_chunks()):
                    pairs = zip(left.to_pylist(), right.to_pylist())
                    differing = [(row, *pair) for row, pair in enumerate(pairs) if pair[0] != pair[1]]
                    n_different += len(differing)
                    print(f"DIFFERENT  {target} by {program}, {name}.{column}: {differing[:3]}")
        print(f"{target:<8} read by {program:<10} {n_compared:>12} cells compared, {n_different} different")
        n_all, n_bad = n_all + n_compared, n_bad + n_different
    return n_all, n_bad


def main(program, store, scratch, targets):
    scratch = pathlib.Path(scratch)
    export = [program, "export", "--store", store, *(f"{target}:{place(scratch, target)}" for target in targets)]
    horizon = subprocess.run(
        [program, "export", "-", "--tables", "export_info", "--format", "ndjson", "--store", store],
        check=True, capture_output=True, text=True,
    ).stdout
    horizon = json.loads(horizon)["horizon_at"]
    subprocess.run([*export, "--quiet"], check=True)
    counts = [compare(scratch, targets)]
    night = pathlib.Path(scratch) / "night.ndjson"
    night.write_text("".join(json.dumps({**event, "at": horizon}) + "\n" for event in NIGHT), encoding="utf-8")
    subprocess.run([program, "ingest", str(night), "--store", store, "--quiet"], check=True)
    xlsx_by_openpyxl.__defaults__[0].clear()
    print("after one more night")
    subprocess.run([*export, "--quiet"], check=True)
    counts.append(compare(scratch, targets))
    n_compared, n_different = (sum(part) for part in zip(*counts))
    if not n_compared or n_different:
        print(f"FAILED: {n_different} of {n_compared} cells differ")
        return 1
    print(f"PASSED: other programs read the same {n_compared} cells")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    without = [name for flag, name in zip(sys.argv[4:], sys.argv[5:]) if flag == "--without"]
    sys.exit(main(*sys.argv[1:4], targets=[target for target in TARGETS if target not in without]))
