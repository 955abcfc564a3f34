"""What level does ClickHouse reach? Asks its windowFunnel about every sequence of a folder, in every combination of modes.

Reads rows.tsv (sequence, number of steps, window, time, steps as bits) and modes.txt (a combination a line, joined by dots);
writes levels.tsv: the sequence, and the level of each combination.
"""

import pathlib
import sys

from chdb.session import Session

# One thread and the order of the file: with strict_once and strict_deduplication together, ClickHouse's answer depends on it.
SETTINGS = "SETTINGS max_threads = 1, input_format_parallel_parsing = 0"


def main(folder):
    modes = [line.split(".") if line else [] for line in (folder / "modes.txt").read_text().split("\n")]
    session = Session()
    session.query(
        "CREATE TABLE seen (sequence UInt32, n_steps UInt8, span UInt64, at UInt64, steps UInt32)"
        " ENGINE = MergeTree ORDER BY tuple()"
    )
    session.query(f"INSERT INTO seen SELECT * FROM file('{folder}/rows.tsv', TSV) {SETTINGS}")
    kinds = session.query("SELECT DISTINCT n_steps, span FROM seen ORDER BY ALL", "TSV").data()
    with open(folder / "levels.tsv", "w", encoding="ascii") as levels:
        for n_steps, window in (line.split("\t") for line in kinds.splitlines()):
            matched = ", ".join(f"bitTest(steps, {step})" for step in range(int(n_steps)))
            called = ", ".join(
                f"windowFunnel({', '.join([window, *(repr(word) for word in words)])})(at, {matched})" for words in modes
            )
            levels.write(
                session.query(
                    f"SELECT sequence, {called} FROM seen WHERE n_steps = {n_steps} AND span = {window}"
                    f" GROUP BY sequence ORDER BY sequence {SETTINGS}",
                    "TSV",
                ).data()
            )


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
