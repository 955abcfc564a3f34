"""Takes the contract's package for dbt through dbt: it is parsed, its models are made over an export in DuckDB, the tests of its
sources are run, and every rate of its semantic model is computed and held against `trichter query`.

Usage: dbt.py DBT TRICHTER STORE SCRATCH

Runs in the environment of dbt, whose DuckDB is another than that of the other tests. Exit code 0 if all is well, 1 if not.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

import duckdb

PROFILE = "trichter:\n  target: test\n  outputs:\n    test: {type: duckdb, path: '%s', threads: 1}\n"


def main(dbt, trichter, store, scratch):
    scratch = pathlib.Path(scratch).absolute()
    export, contract, database = scratch / "export", scratch / "contract", scratch / "bi.duckdb"
    scratch.mkdir(parents=True, exist_ok=True)
    store = ["--store", str(pathlib.Path(store).absolute())]
    trichter, dbt = (str(pathlib.Path(program).absolute()) for program in (trichter, dbt))
    subprocess.run([trichter, "export", f"parquet:{export}", *store, "--contract", contract, "--quiet"], check=True)
    os.chdir(export)
    tables = (contract / "duckdb" / "tables.sql").read_text(encoding="utf-8")
    # Views with relative paths would be looked for where dbt runs.
    tables = tables.replace("read_parquet('current/", f"read_parquet('{export}/current/")
    with duckdb.connect(str(database)) as connection:
        connection.execute(tables)

    package = contract / "dbt"
    (scratch / "profiles.yml").write_text(PROFILE % database, encoding="utf-8")
    environment = os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_PROFILES_DIR": str(scratch)}
    built = subprocess.run([dbt, "--no-use-colors", "build"], cwd=package, env=environment, capture_output=True, text=True)
    done = re.search(r"PASS=(\d+) WARN=(\d+) ERROR=(\d+) SKIP=(\d+)", built.stdout)
    if built.returncode != 0 or not done or any(int(n) for n in done.groups()[1:]):
        print(built.stdout, built.stderr)
        return "dbt build failed"

    manifest = json.loads((package / "target" / "semantic_manifest.json").read_text(encoding="utf-8"))
    (model,) = manifest["semantic_models"]
    measures = {measure["name"]: measure["expr"] for measure in model["measures"]}
    n_metrics = 0
    with duckdb.connect(str(database), read_only=True) as connection:
        for metric in manifest["metrics"]:
            if metric["type"] != "ratio":
                continue
            (where,) = metric["filter"]["where_filters"]
            metric_id = re.fullmatch(r"\{\{ Dimension\('daily_count__metric'\) \}\} = '(.+)'", where["where_sql_template"])[1]
            parts = [measures[metric["type_params"][part]["name"]] for part in ("numerator", "denominator")]
            sums = ", ".join(f"sum({part})" for part in parts)
            found = connection.execute(
                f"SELECT {sums} FROM {model['node_relation']['relation_name']} WHERE metric = ?", [metric_id]
            ).fetchone()
            query = subprocess.run([trichter, "query", metric_id, *store, "--json"], check=True, capture_output=True, text=True)
            answer = json.loads(query.stdout)
            answer = answer[0] if isinstance(answer, list) else answer
            counts = answer["rows"][0]
            if "numerator" in counts:
                expected = [counts["numerator"], counts["denominator"]]
                if [n or 0 for n in found] != [n or 0 for n in expected]:
                    return f"{metric_id}: dbt finds {found}, trichter {expected}"
                n_metrics += 1
    if n_metrics < 50:
        return f"only {n_metrics} rates"
    print(f"dbt: {done.group(1)} models and tests pass, {n_metrics} rates of the semantic model say what trichter says")
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
