#!/usr/bin/env python3
"""Compares trichter with DuckDB, ClickHouse and Polars: the same rows, the same answers, side by side.

Prints a Markdown table of medians. See README.md beside this file.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import check
import data
from answer import OPEN, QUESTIONS
from trichter import Trichter

HERE = pathlib.Path(__file__).parent
NAMES = {"trichter": "trichter", "duckdb": "DuckDB", "clickhouse": "ClickHouse", "polars": "Polars"}
LABELS = {
    "rates": "A. delivery, open and click rate by campaign",
    "visits": "B. drop-off and median answer time by question",
    "funnel_5": "C1. funnel of 5 steps",
    "funnel_13": "C2. funnel of 13 steps",
}
TOGETHER = ["rates", "visits", "funnel_13"]
AT_ONCE = "rates and visits"


class Peer:
    """An engine in a process of its own."""

    def __init__(self, engine, work):
        self.engine = engine
        call = [sys.executable, "-B", "-W", "ignore", HERE / "answer.py", engine, work]
        self.process = subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, question):
        print(question, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{NAMES[self.engine]} failed at {question}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def prepare(options):
    """Logs, store and every engine's own layout, where they are not there yet. Returns what each cost in seconds."""
    work, kept = options.work, options.work / "loading.json"
    loading = json.loads(kept.read_text()) if kept.exists() else {}
    work.mkdir(parents=True, exist_ok=True)
    if loading.get("asked") not in (None, options.events):
        sys.exit(f"{work} holds logs of about {loading['asked']} events: name another --work, or empty it")
    if "trichter" not in loading:
        loading |= {"asked": options.events, "trichter": data.store(options.trichter, work, options.events)}
        kept.write_text(json.dumps(loading))
    for engine in ["rows", *options.engines]:
        if engine in loading:
            continue
        call = [sys.executable, "-B", HERE / "data.py", engine, work]
        began = time.perf_counter()
        done = subprocess.run(call, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"loading {engine} failed")
        loading[engine] = time.perf_counter() - began
        if engine == "rows":
            loading["events"] = int(done.stdout)
        kept.write_text(json.dumps(loading))
    return loading


def measure(engines, n_runs):
    """Engine -> question -> runs. Runs are interleaved, so that a busy machine is busy for all; the first, in which the
    answers are compared before anything is timed, warms up and is not counted."""
    runs = {engine: {question: [] for question in QUESTIONS} for engine in engines}
    runs["trichter"][AT_ONCE] = []
    for number in range(n_runs + 1):
        ours = {}
        for question in QUESTIONS:
            asked = {name: engine.ask(question) for name, engine in engines.items()}
            ours[question] = asked["trichter"]["answer"]
            for name, run in asked.items():
                demand_equal(question, ours[question], run["answer"], NAMES[name])
                runs[name][question].append(run)
        run = engines["trichter"].ask_rates_and_visits()
        for question, answer in run["answer"].items():
            demand_equal(question, ours[question], answer, "trichter at once")
        runs["trichter"][AT_ONCE].append(run)
    return {name: {question: found[1:] for question, found in of.items()} for name, of in runs.items()}


def demand_equal(question, ours, theirs, engine):
    found = check.differences(question, ours, theirs, engine)
    if found:
        sys.exit("\n".join(["the answers differ, so nothing is timed:", *found]))


def median(runs, measured):
    return statistics.median(run[measured] for run in runs)


def table(runs, measured):
    """Medians by question and engine, each peer's also as a multiple of trichter's."""
    peers = [engine for engine in runs if engine != "trichter"]
    medians = {name: {question: median(found, measured) for question, found in of.items()} for name, of in runs.items()}
    lines = [f"| seconds | {' | '.join(NAMES[name] for name in runs)} | fastest peer of each |"]
    lines.append(f"|---|{'--:|' * (len(runs) + 1)}")

    def line(label, cells, least):
        ours, *theirs = cells
        against = [f"{cell:.3f} ({cell / ours:.2f} ×)" for cell in [*theirs, least]]
        lines.append(f"| {label} | {ours:.3f} | {' | '.join(against)} |")

    fastest = {question: min(medians[peer][question] for peer in peers) for question in QUESTIONS}
    for question in QUESTIONS:
        line(LABELS[question], [medians[name][question] for name in runs], fastest[question])
    sums = [sum(medians[name][question] for question in TOGETHER) for name in runs]
    least = sum(fastest[question] for question in TOGETHER)
    line("D. A + B + C2", sums, least)
    sums[0] = medians["trichter"][AT_ONCE] + medians["trichter"]["funnel_13"]
    line("D. the same, with A and B asked of trichter at once", sums, least)
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=2_000_000, help="about how many events to simulate")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each question, after one that warms up")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for stores and tables; kept")
    parser.add_argument("--trichter", default="target/release/trichter", help="the program")
    parser.add_argument("--engines", nargs="+", default=list(OPEN), choices=list(OPEN), help="which peers")
    options = parser.parse_args()
    options.work = options.work.resolve()
    if not shutil.which(options.trichter):
        sys.exit(f"no program {options.trichter}: build it, or name it with --trichter")
    loading = prepare(options)

    engines = {"trichter": Trichter(options.trichter, options.work / "store", HERE)}
    engines |= {engine: Peer(engine, options.work) for engine in options.engines}
    runs = measure(engines, options.runs)
    for engine in options.engines:
        engines[engine].close()

    versions = (HERE / "requirements.txt").read_text().split()
    print(f"{loading['events']:,} events, {data.THREADS} threads, medians of {options.runs} runs; {', '.join(versions)}.")
    print("All answers are equal.\n\nWall clock:\n")
    print(table(runs, "wall"))
    print("\nProcessor, all threads:\n")
    print(table(runs, "processor"))
    print(f"\n| | {' | '.join(NAMES[name] for name in runs)} |\n|---|{'--:|' * len(runs)}")
    peaks = [max(run["peak_kib"] for found in of.values() for run in found) for of in runs.values()]
    print(f"| peak memory, MiB | {' | '.join(f'{peak / 1024:.0f}' for peak in peaks)} |")
    print(f"| loading, seconds | {' | '.join(f'{loading[name]:.1f}' for name in runs)} |")


if __name__ == "__main__":
    main()
