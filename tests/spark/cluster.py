"""A standalone Spark cluster on loopback: a master and workers, each a process of its own, ended by their numbers."""

import os
import pathlib
import re
import signal
import subprocess
import time

import pyspark

HOME = pathlib.Path(pyspark.__file__).parent
# Spark's own words, in its logs.
MASTER = re.compile(r"Starting Spark master at (spark://\S+)")
REGISTERED = "Successfully registered with master"
LOOPBACK = "127.0.0.1"
# Small enough for two executors beside other work.
SETTINGS = [
    "spark.driver.host=127.0.0.1",
    "spark.driver.bindAddress=127.0.0.1",
    "spark.driver.memory=512m",
    "spark.executor.memory=512m",
    "spark.executor.cores=1",
    "spark.sql.shuffle.partitions=4",
    "spark.ui.enabled=false",
]


def until(found, what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.1)
    raise TimeoutError(f"{what}: not within {seconds} s")


def environment():
    path = os.pathsep.join(filter(None, [str(HOME.parent), os.environ.get("PYTHONPATH")]))
    return {
        **os.environ,
        "SPARK_HOME": str(HOME),
        "SPARK_LOCAL_IP": LOOPBACK,
        "SPARK_DAEMON_MEMORY": "256m",
        "PYTHONPATH": path,
        "PYSPARK_PYTHON": "python3",
    }


def children(pid):
    """Processes that were started by this one, and by those."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == pid:
                found += [int(entry.name), *children(int(entry.name))]
    return found


class Cluster:
    def __init__(self, scratch, n_workers=2):
        self.scratch = pathlib.Path(scratch)
        self.scratch.mkdir(parents=True)
        self.processes = []
        self.workers = []
        self.n_workers = n_workers

    def __enter__(self):
        try:
            _, log = self.start("master", "Master", "--port", "0")
            self.url = until(lambda: MASTER.search(log.read_text()), "a master").group(1)
            for number in range(self.n_workers):
                self.add_worker(f"worker-{number}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            self.kill(process)

    def start(self, name, kind, *arguments):
        log = self.scratch / f"{name}.log"
        command = [HOME / "bin" / "spark-class", f"org.apache.spark.deploy.{kind.lower()}.{kind}"]
        with log.open("w") as out:
            process = subprocess.Popen(
                [*command, "--host", LOOPBACK, "--webui-port", "0", *arguments],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment(), cwd=self.scratch,
            )
        self.processes.append(process)
        return process, log

    def add_worker(self, name):
        folder = self.scratch / name
        worker, log = self.start(name, "Worker", "--cores", "1", "--memory", "600m", "--work-dir", str(folder), self.url)
        until(lambda: REGISTERED in log.read_text(), f"{name} at the master")
        self.workers.append(worker)

    def kill(self, process):
        """As if the machine had lost power: the process and all that it started."""
        for pid in [*children(process.pid), process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait()
