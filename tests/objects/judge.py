"""Keeps stores and logs on an S3 server and compares with the same on a disk. Run by tests/objects/run.

Usage: judge.py TRICHTER SCRATCH [CONTACTS]

With a number of contacts, what reading costs is measured on a store of so many.
"""

import concurrent.futures
import filecmp
import gzip
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import duckdb
import server

PROGRAM, SCRATCH = sys.argv[1], pathlib.Path(sys.argv[2])
CONTACTS = sys.argv[3] if len(sys.argv) > 3 else None
BUCKET = "bucket"
FORMS = ("index.html", "report.json", "report.md")


class Failed(Exception):
    pass


def hold(what, is_so, said=""):
    print(f"{'ok' if is_so else 'FAILED'}: {what}", flush=True)
    if not is_so:
        raise Failed(said)


def environment(s3, **changes):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GOOGLE_", "TRICHTER_"))}
    settings = {
        "AWS_ACCESS_KEY_ID": server.KEY,
        "AWS_SECRET_ACCESS_KEY": server.SECRET,
        "AWS_REGION": server.REGION,
        "AWS_ENDPOINT_URL": s3.endpoint(),
        "AWS_ALLOW_HTTP": "true",
        # Google's, which tells the same server in other words; nobody is asked there who they are.
        "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(
            {"client_email": "", "private_key": "", "private_key_id": "", "disable_oauth": True, "gcs_base_url": s3.endpoint()}
        ),
        "GOOGLE_ALLOW_HTTP": "true",
        # The same pseudonyms everywhere, so that stores can be compared.
        "TRICHTER_KEY": "a1" * 32,
        **changes,
    }
    return kept | {name: value for name, value in settings.items() if value is not None}


def spawn(s3, *arguments, **changes):
    command = [PROGRAM, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=SCRATCH, env=environment(s3, **changes), stdout=pipe, stderr=pipe, text=True)


def run(s3, *arguments, code=0, **changes):
    child = spawn(s3, *arguments, **changes)
    out, err = child.communicate(timeout=600)
    if child.returncode != code:
        raise Failed(f"{' '.join(map(str, arguments))}: ended with {child.returncode}\n{out}{err}")
    return out if code == 0 else err


def ingest(store, *more):
    return ["ingest", *more, "--store", store, "--config", "sim/trichter.toml", "--quiet"]


def address(name, scheme="s3"):
    return f"{scheme}://{BUCKET}/{name}"


def names(s3, prefix):
    pages = s3.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return [found["Key"] for page in pages for found in page.get("Contents", [])]


def report(s3, store, out, **changes):
    run(s3, "report", "--store", store, "--out", out, "--quiet", **changes)
    return SCRATCH / out


def same(one, other):
    return all(filecmp.cmp(one / form, other / form, shallow=False) for form in FORMS)


def events(s3, store):
    """The data files of a store of one version, on a disk; fetched if they are in object storage."""
    if s3:
        for key in names(s3, f"{store}/events/month="):
            path = SCRATCH / "fetched" / key
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.client.download_file(BUCKET, key, str(path))
        store = f"fetched/{store}"
    return str(SCRATCH / store / "events" / "month=*" / "*.parquet")


def difference(one, other):
    """How many events both have, and how many only one has. Of an event that two logs tell, either may be the place."""
    rows = "SELECT * EXCLUDE (source, line) FROM read_parquet('{}')"
    one, other = rows.format(one), rows.format(other)
    count = "SELECT count(*) FROM ({})"
    only = [f"({left} EXCEPT ALL {right})" for left, right in ((one, other), (other, one))]
    counts = [duckdb.sql(count.format(text)).fetchall()[0][0] for text in (one, *only)]
    return counts[0], sum(counts[1:])


def conditional_puts(s3):
    def put(number, value):
        try:
            s3.client.put_object(Bucket=BUCKET, Key=f"race/{number}", Body=value, IfNoneMatch="*")
            return value
        except s3.client.exceptions.ClientError as refused:
            return int(refused.response["ResponseMetadata"]["HTTPStatusCode"])

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        for number in range(50):
            answers = list(threads.map(put, [number] * 4, [b"a", b"b", b"c", b"d"]))
            won = [answer for answer in answers if isinstance(answer, bytes)]
            there = s3.client.get_object(Bucket=BUCKET, Key=f"race/{number}")["Body"].read()
            if won != [there] or answers.count(412) != 3:
                raise Failed(f"{answers}, and then {there}")
    hold("of four conditional puts at once, one succeeds, 50 times", True)


def reports(s3):
    run(s3, *ingest("disk", "sim/logs"))
    run(s3, *ingest(address("store"), "sim/logs"))
    on_disk = report(s3, "disk", "report-disk")
    hold("the report of the store in object storage is the same, byte by byte", same(on_disk, report(s3, address("store"), "report-s3")))
    for ask in (["query", "open_rate", "--by", "channel,campaign"], ["funnel", "campaign"], ["query", "engagement_rate", "--until", "2026-01-20"]):
        answers = {run(s3, *ask, "--store", store, "--format", "json") for store in ("disk", address("store"))}
        hold(f"so is '{' '.join(ask)}'", len(answers) == 1, answers)
    kinds = {}
    for store, out in (("disk", "export-disk"), (address("store"), "export-s3")):
        run(s3, "export", f"csv:{out}", "--store", store, "--quiet")
        files = (path for path in (SCRATCH / out).rglob("*.csv"))
        kinds[store] = sorted((path.name, path.read_bytes()) for path in files if path.name != "export_info.csv")
    hold("so are all exported facts", len(kinds["disk"]) > 5 and kinds["disk"] == kinds[address("store")])
    run(s3, *ingest(address("store"), "sim/logs"))
    log = run(s3, "store", "log", "--store", address("store"))
    hold("logs that are read again store nothing and make no version", len(log.splitlines()) == 2, log)
    return on_disk


def spark(s3, on_disk):
    """Spark reads the data files in its own way; everything else of the store is read where it is."""
    try:
        import pyspark
    except ImportError:
        print("SKIPPED: no pyspark: nothing in object storage is counted on Spark")
        return
    home = pathlib.Path(pyspark.__file__).parent
    events(s3, "store")
    command = ["spark", "submit", "--store", address("store"), "--counts", "spark-counts", "--master", "local[2]"]
    command += ["--events", SCRATCH / "fetched/store/events", "--conf", "spark.ui.enabled=false"]
    command += ["--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.driver.bindAddress=127.0.0.1"]
    path = os.pathsep.join([str(home.parent), os.environ.get("PYTHONPATH", "")])
    run(s3, *command, SPARK_HOME=str(home), SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON="python3", PYTHONPATH=path)
    counted = ["report", "--store", address("store"), "--counts", "spark-counts", "--out", "counted", "--quiet"]
    run(s3, *counted)
    hold("counted on Spark, the report of a store in object storage is the same", same(on_disk, SCRATCH / "counted"))


def killed_writers(s3, on_disk, name, scheme="s3"):
    """Four workers at once, half of them killed, as tests/it/store.rs has it on a disk."""
    store = address(name, scheme)
    s3.latency = 0.01
    parts = ["1/4", "2/4", "3/4", "4/4"]
    n_killed = 0
    workers = {part: spawn(s3, *ingest(store, "sim/logs", "--part", part)) for part in parts}
    for place, (part, worker) in enumerate(list(workers.items())[:2]):
        time.sleep(0.4 + 0.3 * place)
        worker.send_signal(signal.SIGKILL)
    for part, worker in workers.items():
        _, said = worker.communicate(timeout=600)
        if worker.returncode == -signal.SIGKILL:
            n_killed += 1
        elif worker.returncode:
            raise Failed(said)
    for part in parts:
        # Whoever was killed begins again; for the others nothing is left to do.
        run(s3, *ingest(store, "sim/logs", "--part", part))
    s3.latency = 0
    shared = report(s3, store, f"report-{name}")
    reports = [json.loads((folder / "report.json").read_text(encoding="utf-8")) for folder in (on_disk, shared)]
    # An event that two logs tell is counted as stored by both of two writers who bring it in the same instant.
    stored = [read["context"].pop("balance") for read in reports]
    print(f"    events stored: {stored[0]['events_stored']} by one writer, {stored[1]['events_stored']} by four at once")
    hold(f"{scheme}: four writers at once, {n_killed} of them killed, give the figures of one", reports[0] == reports[1])
    before = len(names(s3, f"{name}/events/month="))
    run(s3, "store", "optimize", "--store", store)
    vacuumed = run(s3, "store", "vacuum", "--keep", "0", "--store", store)
    left = len(names(s3, f"{name}/events/month="))
    print(f"    {before} data files in the bucket, {left} after optimize and vacuum ({vacuumed.splitlines()[-1]})")
    n_events, n_different = difference(events(s3, name), events(None, "disk"))
    hold(f"and the same {n_events} events, each once", n_events > 0 and n_different == 0, n_different)


def google(s3, on_disk):
    """The same in Google's words."""
    s3.speaks_google = True
    run(s3, *ingest(address("google", "gs"), "sim/logs"))
    of_google = report(s3, address("google", "gs"), "report-google")
    hold("gs: the report is the same, byte by byte", same(on_disk, of_google))
    killed_writers(s3, on_disk, "google-shared", "gs")
    s3.speaks_google = False


def bad_days(s3, on_disk):
    s3.busy_every = 4
    hold("a server that is too busy for every fourth request changes nothing", same(on_disk, report(s3, address("store"), "report-busy")))
    run(s3, *ingest(address("busy"), "sim/logs"))
    s3.busy_every = 0
    hold("nor while a store is written", same(on_disk, report(s3, address("busy"), "report-of-busy")))
    s3.forget()
    s3.loses_commits = True
    for part in ("1/2", "2/2"):
        run(s3, *ingest(address("lost"), "sim/logs", "--part", part))
    s3.loses_commits = False
    log = run(s3, "store", "log", "--store", address("lost"))
    hold(f"commits whose answers are lost ({s3.n_lost}) count, and count once", s3.n_lost == 3 and len(log.splitlines()) == 3, log)
    hold("and none of their files is taken back", same(on_disk, report(s3, address("lost"), "report-lost")))


def damage(s3):
    file = names(s3, "store/events/month=")[-1]
    whole = s3.client.get_object(Bucket=BUCKET, Key=file)["Body"].read()
    for what, content in (("cut", whole[: len(whole) // 2]), ("gone", None)):
        s3.client.delete_object(Bucket=BUCKET, Key=file)
        if content is not None:
            s3.client.put_object(Bucket=BUCKET, Key=file, Body=content)
        said = run(s3, "report", "--store", address("store"), "--out", "none", code=2)
        hold(f"a data file that is {what} is an error that names it", file in said and "panicked" not in said, said)
    s3.client.put_object(Bucket=BUCKET, Key=file, Body=whole)


def refusals(s3):
    def refused(what, *arguments, says, **changes):
        begun = time.monotonic()
        said = run(s3, *arguments, code=2, **changes)
        seconds = time.monotonic() - begun
        is_clear = all(text in said for text in says) and "panicked" not in said
        hold(f"{what}: refused within {seconds:.1f} s", is_clear and seconds < 75, said)
        print("".join(f"    {line}\n" for line in said.splitlines() if line.startswith(("error", "  try"))), end="")

    store = ["--store", address("store")]
    log = ["store", "log", *store]
    refused("a wrong secret", *log, says=["credentials"], AWS_SECRET_ACCESS_KEY="wrong")
    refused("an unknown key", *log, says=["credentials"], AWS_ACCESS_KEY_ID="UNKNOWN")
    refused("no such bucket", "store", "log", "--store", "s3://nobody/store", says=["s3://nobody/store", "bucket"])
    refused("no store there", "store", "log", "--store", address("empty"), says=["no store", address("empty")])
    refused("no bucket", "store", "log", "--store", "s3://", says=["names no bucket"])
    refused("no TLS, and nobody allowed that", *log, says=["AWS_ALLOW_HTTP"], AWS_ALLOW_HTTP=None)
    refused("nobody there", *log, says=["can be reached"], AWS_ENDPOINT_URL="http://127.0.0.1:1")
    refused("no credentials", *log, says=["AWS_ACCESS_KEY_ID"], AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    refused("no key of pseudonyms", *ingest(address("other"), "sim/logs"), says=["--key-file"], TRICHTER_KEY=None)
    refused("forgetting", "forget", "--channel", "telegram", "--contact", "1", *store, says=["object storage"])
    (SCRATCH / "run.toml").write_text(f"[run]\nstore = '{address('store')}'\ninputs = ['sim/logs']\n")
    refused("runs", "run", "--config", "run.toml", says=["object storage"])
    (SCRATCH / "retain.toml").write_text("[retention]\nevents = '1 month'\n")
    refused("retaining", "retain", *store, "--config", "retain.toml", says=["object storage"])
    refused("alerts", "alerts", *store, says=["object storage"])
    refused("inputs that are not there", *ingest("none", address("nothing")), says=["no input matches"])


def inputs(s3, on_disk):
    for number, log in enumerate(sorted((SCRATCH / "sim/logs").rglob("*.*"))):
        name, content = f"logs/{log.name}", log.read_bytes()
        if number % 2:
            name, content = name + ".gz", gzip.compress(content)
        s3.client.put_object(Bucket=BUCKET, Key=name, Body=content)
    s3.client.put_object(Bucket=BUCKET, Key="logs/.hidden", Body=b"{")
    for part in ("1/3", "2/3", "3/3"):
        run(s3, *ingest("of-objects", address("logs/"), "--part", part))
    hold("logs in object storage, half of them packed, in three parts: the same report", same(on_disk, report(s3, "of-objects", "report-objects")))
    out = run(s3, *ingest(address("of-objects"), address("logs/*.gz"))[:-1], "--json")
    hold("a pattern picks some of them, into a store in object storage", '"rejected": 0' in out and "logs/.hidden" not in out, out)
    one = names(s3, "logs/")[-1]
    out = run(s3, "check", address(one), "--config", "sim/trichter.toml")
    hold("one object is read by its own name", "received" in out, out)


def measured(s3, *arguments):
    """Seconds, requests and bytes of a command. Of files, what the process has read by the system's account."""
    s3.forget()
    begun = time.monotonic()
    child = spawn(s3, *arguments)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    seconds = time.monotonic() - begun
    try:
        account = dict(line.split(": ") for line in pathlib.Path(f"/proc/{child.pid}/io").read_text().splitlines())
        from_disk = int(account["rchar"])
    except (OSError, KeyError):
        from_disk = 0
    _, said = child.communicate()
    if child.returncode:
        raise Failed(said)
    return seconds, s3.requests.total(), s3.n_bytes, from_disk


def cost(s3):
    disk, remote = "disk", "store"
    if CONTACTS:
        run(s3, "simulate", "--out", "sim", "--contacts", CONTACTS, "--days", "90", "--seed", "3", "--quiet")
        disk, remote = "big", "big"
        for where, store in (("on a disk", disk), ("in object storage", address(remote))):
            seconds, n_requests, n_bytes, _ = measured(s3, *ingest(store, "sim/logs"))
            print(f"    ingest, {where}: {seconds:.1f} s, {n_requests} requests, {n_bytes / 1e6:.1f} MB read")
        seconds, n_requests, n_bytes, _ = measured(s3, *ingest(address(remote), "sim/logs"))
        print(f"    the same logs again, in object storage: {seconds:.1f} s, {n_requests} requests, {n_bytes / 1e6:.1f} MB read")
    log = run(s3, "store", "log", "--store", address(remote))
    print(f"    {log.splitlines()[0].split('WRITE')[-1].strip()}")
    # What the program reads of itself before it reads any event.
    *_, floor = measured(s3, "explain", "open_rate")
    size = sum(s3.client.head_object(Bucket=BUCKET, Key=key)["ContentLength"] for key in names(s3, f"{remote}/events/month="))
    print(f"    {size / 1e6:.1f} MB of data files")
    for name, ask in (("report", ["report", "--format", "json", "--out", "measured"]), ("one rate", ["query", "open_rate"])):
        seconds, _, _, n_bytes = measured(s3, *ask, "--store", disk)
        print(f"    {name}, on a disk: {seconds:.2f} s, {(n_bytes - floor) / 1e6:.1f} MB read")
        for latency in (0, 0.03):
            s3.latency = latency
            seconds, n_requests, n_bytes, _ = measured(s3, *ask, "--store", address(remote))
            print(
                f"    {name}, in object storage with {latency * 1000:.0f} ms to the first byte: {seconds:.2f} s, "
                f"{n_bytes / 1e6:.1f} MB read in {n_requests} requests"
            )
        s3.latency = 0


def main():
    s3 = server.Server()
    s3.client.create_bucket(Bucket=BUCKET)
    run(s3, "simulate", "--out", "sim", "--contacts", "600", "--days", "40", "--seed", "3", "--quiet")
    try:
        conditional_puts(s3)
        on_disk = reports(s3)
        spark(s3, on_disk)
        killed_writers(s3, on_disk, "shared")
        google(s3, on_disk)
        bad_days(s3, on_disk)
        damage(s3)
        inputs(s3, on_disk)
        refusals(s3)
        cost(s3)
    except Failed as failed:
        print(failed)
        sys.exit(1)
    finally:
        s3.stop()


main()
