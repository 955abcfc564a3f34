"""Funnels: one definition for all, read from the TOML that trichter reads, and written as each engine walks it fastest."""

import pathlib
import tomllib

HERE = pathlib.Path(__file__).parent
SECONDS = {"d": 86_400, "h": 3_600}


def read(name):
    """The steps as (kind, question or None), and the window in seconds."""
    funnel = tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))
    steps = [(step["where"]["kind"], step["where"].get("question")) for step in funnel["step"]]
    return steps, int(funnel["window"][:-1]) * SECONDS[funnel["window"][-1]]


def condition(kind, question):
    return f"kind = '{kind}'" + (f" AND question = '{question}'" if question else "")


def clickhouse(steps, window_s):
    """ClickHouse's own function."""
    kinds = ", ".join(f"'{kind}'" for kind in dict.fromkeys(kind for kind, _ in steps))
    conditions = ", ".join(condition(*step) for step in steps)
    counts = ", ".join(f"countIf(level >= {number})" for number in range(1, len(steps) + 1))
    return f"""
        SELECT {counts}
        FROM (
          SELECT windowFunnel({window_s})(toDateTime(at), {conditions}) AS level
          FROM events WHERE kind IN ({kinds}) GROUP BY contact_key
        )"""


def duckdb(steps, window_s):
    """A chain of ASOF joins by the latest start: the start of an event of step k is that of the last event of step k - 1
    before it. Starts never go back in time, so the last event before is the best one."""
    tables = []
    for number, step in enumerate(steps, 1):
        events = f"SELECT contact_key AS contact, epoch_us(\"at\") AS t FROM events WHERE {condition(*step)}"
        if number == 1:
            tables.append(f"step1 AS MATERIALIZED (SELECT contact, t, t AS start FROM ({events}))")
            continue
        tables.append(f"""step{number} AS MATERIALIZED (
          SELECT now.contact, now.t, before.start
          FROM ({events}) AS now
          ASOF JOIN step{number - 1} AS before ON before.contact = now.contact AND before.t <= now.t
          WHERE now.t - before.start <= {window_s * 1_000_000})""")
    counts = ", ".join(f"(SELECT count(DISTINCT contact) FROM step{number})" for number in range(1, len(steps) + 1))
    return f"WITH {', '.join(tables)} SELECT {counts}"
