"""Counts the events of a trichter store on Apache Spark, and finds their facts.

Spark distributes events by ranges of contacts, sorts and retries; `trichter kernel` computes on each partition. What it
counted, one row for each partition, is added by `trichter report --counts`. Needs PySpark 4 with pyarrow on the driver and on
every worker, and the program at one path on every worker, or shipped along.

`trichter spark submit` writes the one argument: a file of JSON that says what to do.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading

from pyspark import SparkFiles
from pyspark.sql import SparkSession

SORTED_BY = ["contact_key", "at", "position", "event_id"]
COUNTS = "context string, first_key bigint, last_key bigint, n_rows bigint, n_contacts bigint, state binary"
TYPES = {"instant": "timestamp", "day": "date", "number": "bigint", "count": "bigint", "flag": "boolean", "word": "string"}
# What stands before a message that the person at the keyboard is to read, in whatever Spark wraps around it.
TOLD, END = "trichter-error:", ":trichter-error"


def fail(message):
    raise RuntimeError(f"{TOLD}{message} (on host {os.uname().nodename}){END}")


def feed(stdin, first, batches, failures):
    """Hands the kernel its events. What Spark fails to read is told by the task, not taken for the end."""
    import pyarrow

    try:
        with stdin, pyarrow.ipc.new_stream(stdin, first.schema) as stream:
            stream.write_batch(first)
            for batch in batches:
                stream.write_batch(batch)
    except BrokenPipeError:
        pass  # The kernel has ended, and says why.
    except BaseException as error:
        failures.append(error)


def kernel(arguments, context, program, is_shipped):
    """What runs on each partition: a process of the kernel, with the partition's batches on one side and its rows on the other."""

    def run(batches):
        import pyarrow

        first = next(batches, None)
        if first is None:
            return
        path = SparkFiles.get(os.path.basename(program)) if is_shipped else program
        with tempfile.NamedTemporaryFile("w", suffix=".json") as told, tempfile.TemporaryFile() as errors:
            told.write(context)
            told.flush()
            command = [path, "--threads", "1", "kernel", *arguments, "--context", told.name]
            # One task is one core; Spark runs as many as there are.
            environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
            try:
                process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment
                )
            except OSError as error:
                fail(f"'{path}' cannot be started on a worker: {error.strerror}; install trichter there, "
                     "name its path with --program, or send it along with --ship")
            failures = []
            feeder = threading.Thread(target=feed, args=(process.stdin, first, batches, failures), daemon=True)
            feeder.start()
            try:
                try:
                    with pyarrow.ipc.open_stream(process.stdout) as rows:
                        yield from rows
                except (pyarrow.ArrowInvalid, OSError) as error:
                    if process.wait() == 0:
                        fail(f"what the kernel wrote cannot be read: {error}")
                code = process.wait()
                feeder.join()
                if failures:
                    raise failures[0]
                if code != 0:
                    errors.seek(0)
                    fail(errors.read().decode(errors="replace").strip() or f"the kernel has ended with {code}")
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()

    return run


def main(path):
    with open(path, encoding="utf-8") as file:
        job = json.load(file)
    context = json.loads(job["context"])
    spark = SparkSession.builder.appName("trichter").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    # Spark's own form of instants says nothing of a zone.
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    # A file that is damaged or not there is an error, whatever the cluster is used to.
    for habit in ("ignoreCorruptFiles", "ignoreMissingFiles"):
        spark.conf.set(f"spark.sql.files.{habit}", "false")
    if job["ship"]:
        spark.sparkContext.addFile(job["program"])
    files = [f"{job['table']}/{file}" for file in context["files"]]
    tables = {table: context["facts"][table] for table in job["tables"]}
    wanted = list(dict.fromkeys([*context["columns"], *(name for table in tables.values() for name in table["columns"])]))
    n_partitions = job["partitions"] or 2 * spark.sparkContext.defaultParallelism
    events = spark.read.parquet(*files).select(*wanted)
    # The range of a contact is one partition, whatever Spark repeats: bounds are drawn once.
    events = events.repartitionByRange(n_partitions, "contact_key").sortWithinPartitions(*SORTED_BY)
    if tables:
        from pyspark import StorageLevel

        # Several passes over what is distributed and sorted once.
        events = events.persist(StorageLevel.DISK_ONLY)

    def partitions(arguments, columns, schema):
        run = kernel(arguments, job["context"], job["program"], job["ship"])
        return events.select(*columns).mapInArrow(run, schema)

    def write(rows, folder):
        rows.write.mode("error").option("compression", "zstd").parquet(folder)

    try:
        write(partitions(["counts"], context["columns"], COUNTS), f"{job['counts']}/parts")
        for name, table in tables.items():
            schema = ", ".join(f"`{column}` {TYPES[kind]}" for column, kind in table["schema"])
            write(partitions(["facts", "--table", name], table["columns"], schema), f"{job['facts']}/{name}")
    except Exception as error:
        told = str(error).partition(TOLD)[2].partition(END)[0]
        if not told:
            raise
        with open(job["failure"], "w", encoding="utf-8") as file:
            file.write(told)
        sys.exit(1)
    finally:
        spark.stop()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
