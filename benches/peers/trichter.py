"""trichter answers the same questions: one process per metric, its start included."""

import json
import os
import subprocess
import sys
import time

from data import THREADS

# The metrics that make up one answer of the peers.
METRICS = {
    "rates": [("delivery_rate", "campaign"), ("open_rate", "campaign"), ("click_rate", "campaign")],
    "visits": [("question_drop_off_rate", "question"), ("answer_seconds", "question")],
}


class Trichter:
    """The program and the store it is asked about."""

    def __init__(self, program, store, funnels):
        self.program, self.store, self.funnels = str(program), str(store), funnels

    def ask(self, question):
        """The answer, seconds of wall clock and processor, and the peak of memory in KiB."""
        common = ["--store", self.store, "--format", "json", "--threads", str(THREADS), "--quiet"]
        if question in METRICS:
            calls = [["query", metric, "--by", by, *common] for metric, by in METRICS[question]]
        else:
            calls = [["funnel", str(self.funnels / f"{question}.toml"), *common]]
        wall = processor = peak = 0
        outputs = []
        for call in calls:
            began = time.perf_counter()
            process = subprocess.Popen([self.program, *call], stdout=subprocess.PIPE)
            output = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            wall += time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                sys.exit(f"{self.program} {' '.join(call)} failed")
            processor += usage.ru_utime + usage.ru_stime
            peak = max(peak, usage.ru_maxrss)
            outputs.append(json.loads(output))
        answer = {"rates": rates, "visits": visits}.get(question, funnel)(*outputs)
        return {"answer": answer, "wall": wall, "processor": processor, "peak_kib": peak}


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
