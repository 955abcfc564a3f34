"""trichter answers the same questions: one process per question, its start included."""

import json
import os
import subprocess
import sys
import time

from data import THREADS

# The metrics that make up one answer of the peers, with what they are broken down by.
RATES = ["delivery_rate:campaign", "open_rate:campaign", "click_rate:campaign"]
VISITS = ["question_drop_off_rate:question", "answer_seconds:question"]


class Trichter:
    """The program and the store it is asked about."""

    def __init__(self, program, store, funnels):
        self.program, self.store, self.funnels = str(program), str(store), funnels

    def ask(self, question):
        """The answer as peers give it, and what it cost."""
        if question == "rates":
            run = self.run("query", *RATES)
            answer = rates(*run["output"])
        elif question == "visits":
            run = self.run("query", *VISITS)
            answer = visits(*run["output"])
        else:
            run = self.run("funnel", str(self.funnels / f"{question}.toml"))
            answer = funnel(run["output"])
        return run | {"answer": answer}

    def ask_rates_and_visits(self):
        """Both of these questions at once, in one pass over the store."""
        run = self.run("query", *RATES, *VISITS)
        output = run["output"]
        return run | {"answer": {"rates": rates(*output[:3]), "visits": visits(*output[3:])}}

    def run(self, *arguments):
        """One process: its output, seconds of wall clock and processor, and its peak of memory in KiB."""
        common = ["--store", self.store, "--format", "json", "--threads", str(THREADS), "--quiet"]
        began = time.perf_counter()
        process = subprocess.Popen([self.program, *arguments, *common], stdout=subprocess.PIPE)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{self.program} {' '.join(arguments)} failed")
        return {
            "output": json.loads(output),
            "wall": wall,
            "processor": usage.ru_utime + usage.ru_stime,
            "peak_kib": usage.ru_maxrss,
        }


def rates(delivery, opened, clicked):
    """Campaign -> delivered, sent, opened, clicked; both other rates must be of the delivered."""
    tables = [{row["segment"]["campaign"] or "": row for row in rate["rows"]} for rate in (delivery, opened, clicked)]
    answer = {}
    for campaign, row in tables[0].items():
        others = [table[campaign] for table in tables[1:]]
        if any(other["denominator"] != row["numerator"] for other in others):
            sys.exit(f"rates of campaign {campaign!r} have other denominators than the peers assume")
        answer[campaign] = [row["numerator"], row["denominator"], *(other["numerator"] for other in others)]
    return answer


def visits(drop_off, seconds):
    """Question -> left, decided, answered, median seconds to the answer."""
    medians = {row["segment"]["question"]: (row["n"], row["median"]) for row in seconds["rows"]}
    return {
        row["segment"]["question"]: [row["numerator"], row["denominator"], *medians[row["segment"]["question"]]]
        for row in drop_off["rows"]
    }


def funnel(output):
    """Contacts who reached each step."""
    return [step["reached"] for step in output["rows"][0]["steps"]]
