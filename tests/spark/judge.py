"""Counts a store on a Spark cluster and compares with the program's own answers, byte by byte and cell by cell.

Usage: judge.py TRICHTER SCRATCH [CONTACTS DAYS]

With a size, which may be big, it runs every statement, and measures what the filter costs beside the program itself.
"""

import filecmp
import importlib.util
import json
import pathlib
import subprocess
import sys
import threading
import time

import cluster
import facts
import measure

FUNNEL = "campaign"
# Partitions that each run anyway, and events that a small executor sorts at a time.
PARTITIONS = 6
EVENTS_OF_PARTITION = 1_000_000
# Seconds until kernels run: big partitions are sorted first.
PATIENCE = 1_800


class Failed(Exception):
    pass


def hold(what, is_so, said=""):
    print(f"{'ok' if is_so else 'FAILED'}: {what}", flush=True)
    if not is_so:
        raise Failed(said)


def run(*command, code=0):
    ran = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=cluster.environment())
    if ran.returncode != code:
        raise Failed(f"{' '.join(map(str, command))}: ended with {ran.returncode}\n{ran.stderr}")
    return ran.stdout if code == 0 else ran.stderr


class Judge:
    def __init__(self, program, scratch, contacts, days):
        self.program = pathlib.Path(program).absolute()
        self.scratch = pathlib.Path(scratch).absolute()
        self.store = self.scratch / "store"
        simulated = self.scratch / "simulated"
        run(self.program, "simulate", "--out", simulated, "--contacts", contacts, "--days", days, "--seed", 3, "--quiet")
        config = simulated / "trichter.toml"
        run(self.program, "ingest", simulated / "logs", "--store", self.store, "--config", config, "--quiet")
        (self.store / "trichter.toml").write_bytes(config.read_bytes())
        # Files of several versions, and days that begin elsewhere.
        self.reading = ["--store", self.store, "--timezone", "Europe/Berlin"]
        self.n_events = json.loads(run(self.program, "kernel", "context", *self.reading))["n_rows"]
        self.n_partitions = max(PARTITIONS, self.n_events // EVENTS_OF_PARTITION)
        self.report("own")
        self.funnel = run(self.program, "funnel", FUNNEL, *self.reading, "--format", "json")

    def report(self, name, *more):
        run(self.program, "report", *self.reading, *more, "--out", self.scratch / name, "--quiet")

    def submit(self, counts, master, *more, program=None, code=0):
        settings = [part for setting in cluster.SETTINGS for part in ("--conf", setting)]
        command = [self.program, "spark", "submit", *self.reading, "--counts", self.scratch / counts, "--master", master]
        command += ["--partitions", self.n_partitions, "--program", program or self.program, *settings, *more]
        begun = time.monotonic()
        said = run(*command, code=code)
        return said, time.monotonic() - begun

    def compare(self, counts):
        more = ["--counts", self.scratch / counts]
        self.report(f"report-of-{counts}", *more)
        for name in ("report.json", "index.html", "report.md"):
            ours, theirs = self.scratch / "own" / name, self.scratch / f"report-of-{counts}" / name
            hold(f"{counts}: {name}, {ours.stat().st_size} bytes, is the same", filecmp.cmp(ours, theirs, shallow=False))
        funnel = run(self.program, "funnel", FUNNEL, *self.reading, *more, "--format", "json")
        hold(f"{counts}: the funnel is the same", funnel == self.funnel)

    def wrapper(self, name, lines):
        """A program that does something before it is the kernel."""
        path = self.scratch / name
        path.write_text("\n".join(["#!/bin/sh", *lines, f'exec "{self.program}" "$@"', ""]), encoding="utf-8")
        path.chmod(0o755)
        return path

    def lose_a_worker(self, cluster_, counts):
        """Kills a worker with its executor while kernels run on it."""
        starts = self.scratch / "starts"
        starts.touch()
        slow = self.wrapper("slow", [f'echo "$$" >> "{starts}"', "sleep 2"])
        victim = cluster_.workers[0]
        killed = []

        def kill():
            def is_counting():
                begun = {int(line) for line in starts.read_text().split()}
                return len(begun) >= 3 and begun & set(cluster.children(victim.pid))

            try:
                killed.extend(cluster.until(is_counting, "a kernel on the worker", PATIENCE))
                cluster_.kill(victim)
            except TimeoutError as error:
                print(error)

        watch = threading.Thread(target=kill)
        watch.start()
        self.submit(counts, cluster_.url, program=slow)
        watch.join()
        n_starts = len(starts.read_text().split())
        hold(f"a worker was killed while it counted; {n_starts} kernels were started for {self.n_partitions} partitions",
             bool(killed) and n_starts > self.n_partitions)

    def one_funnel(self, master):
        """A funnel alone, by a program that comes along with the job."""
        self.submit("one", master, "--funnel", FUNNEL, "--ship", program=self.wrapper("shipped", []))
        funnel = run(self.program, "funnel", FUNNEL, *self.reading, "--counts", self.scratch / "one", "--format", "json")
        hold("a funnel that was counted alone, by a program that was sent along, is the same", funnel == self.funnel)

    def errors(self, master):
        """One goes all the way to the person at the keyboard; the others are told by the same code, in a session of its own."""
        said, _ = self.submit("missing", master, program="/nowhere/trichter", code=2)
        hold("a program that is not on the workers is told", "'/nowhere/trichter' cannot be started on a worker" in said, said)

    def facts(self, written, every):
        """Facts, statements and errors share one session, because starting one takes long."""
        export, contract = self.scratch / "export", self.scratch / "contract"
        run(self.program, "export", f"parquet:{export}", "--contract", contract, *self.reading)
        hold("facts are those of the export, cell by cell", facts.are_equal(export, written))
        engine = facts.SparkSql(written, export, self.scratch, every)
        try:
            is_equal = facts.statements(engine, self.program, self.reading, contract, every)
            hold("statements in Spark SQL find what the program finds", is_equal)
            self.refusals(engine.session)
        finally:
            engine.stop()

    def refusals(self, session):
        """What a worker refuses, with the job's own code."""
        path = self.scratch / "trichter_job.py"
        path.write_text(run(self.program, "spark", "job"), encoding="utf-8")
        specification = importlib.util.spec_from_file_location("trichter_job", path)
        job = importlib.util.module_from_spec(specification)
        session.sparkContext.addPyFile(str(path))
        # What is refused here is meant to be.
        session.sparkContext.setLogLevel("OFF")
        specification.loader.exec_module(job)
        context = run(self.program, "kernel", "context", *self.reading, "--funnel", FUNNEL)
        told = json.loads(context)
        events = session.read.parquet(*[str(self.store / "events" / file) for file in told["files"]]).select(*told["columns"])

        def refused(what, said, rows, context=context):
            try:
                rows.mapInArrow(job.kernel(["counts"], context, str(self.program), False), job.COUNTS).collect()
            except Exception as error:
                hold(f"{what} is told", said in str(error), str(error))
            else:
                hold(f"{what} is told", False)

        ranges = events.repartitionByRange(2, "contact_key")
        refused("a partition that is not sorted", "not sorted", ranges)
        older = context.replace(f'"program_version":"{told["program_version"]}"', '"program_version":"0.0.1"')
        refused("another version on a worker", "the context is of trichter 0.0.1", ranges.sortWithinPartitions(*job.SORTED_BY), older)


def main(program, scratch, contacts="300", days="30"):
    judge = Judge(program, scratch, contacts, days)
    with cluster.Cluster(judge.scratch / "cluster") as standalone:
        written = judge.scratch / "facts"
        _, seconds = judge.submit("counts", standalone.url, "--facts", written)
        print(f"{judge.n_events} events: counts and facts in {seconds:.0f} s on two workers")
        judge.compare("counts")
        judge.lose_a_worker(standalone, "survived")
        judge.compare("survived")
        judge.one_funnel(standalone.url)
        judge.errors(standalone.url)
    is_big = len(sys.argv) > 3
    judge.facts(written, every=is_big)
    if judge.n_events > measure.MOST:
        print(f"not measured beside the program: more than {measure.MOST} events do not fit into memory here")
    elif is_big:
        measure.main(judge.program, judge.store, judge.scratch / "measured")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 5):
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except Failed as failed:
        sys.exit(f"FAILED: {failed}")
