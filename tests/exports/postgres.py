"""Reads an export to PostgreSQL as BI tools do: metadata through SQLAlchemy, as a role that can only read.

Usage: postgres.py TRICHTER STORE SCRATCH README

Starts a server of its own in SCRATCH, and ends it. The role is the one that the README makes. Exit code 0 if all is well, 1 if
something differs.
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

import psycopg
import sqlalchemy



class Server:
    """A server that ends with this program."""

    def __init__(self, folder):
        versions = pathlib.Path("/usr/lib/postgresql").glob("[0-9]*/bin")
        self.programs = max(versions, key=lambda path: int(path.parent.name))
        self.folder = folder
        folder.mkdir(parents=True)
        self.user = []
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            folder.chmod(0o700)
            self.user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        data = str(folder / "data")
        self.command("initdb", "-N", "-E", "UTF8", "--locale=C", "-U", "postgres", "-A", "trust", "-D", data).check_returncode()

    def command(self, name, *arguments):
        return subprocess.run([*self.prefix(name), *arguments], cwd=self.folder, capture_output=True, text=True)

    def prefix(self, name):
        return ["setpriv", *self.user, "--pdeathsig", "KILL", str(self.programs / name)]

    def __enter__(self):
        places = ["-D", str(self.folder / "data"), "-k", "", "-h", "127.0.0.1", "-p", str(self.port)]
        with open(self.folder / "log", "w") as log:
            self.process = subprocess.Popen([*self.prefix("postgres"), *places], cwd=self.folder, stdout=log, stderr=log)
        for _ in range(600):
            try:
                psycopg.connect(self.address("postgres", "postgres")).close()
                return self
            except psycopg.OperationalError:
                time.sleep(0.1)
        sys.exit((self.folder / "log").read_text())

    def __exit__(self, *_):
        self.process.send_signal(2)
        self.process.wait()

    def address(self, user, database):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"


def role(readme):
    """The SQL by which the README makes a role that can only read."""
    for block in re.findall(r"```sql\n(.*?)```", readme.read_text(), re.S):
        if "CREATE ROLE" in block:
            return block
    sys.exit("the README makes no role")


def check_metadata(engine):
    """Every table has a comment, every column a comment and a type, dimensions a primary key."""
    inspector = sqlalchemy.inspect(engine)
    n_columns, n_keys = 0, 0
    for table in inspector.get_table_names(schema="trichter"):
        assert inspector.get_table_comment(table, schema="trichter")["text"], table
        for column in inspector.get_columns(table, schema="trichter"):
            assert column["comment"] and not isinstance(column["type"], sqlalchemy.types.NullType), (table, column)
            n_columns += 1
        keys = inspector.get_pk_constraint(table, schema="trichter")["constrained_columns"]
        assert keys or not table.startswith("dim_"), table
        n_keys += bool(keys)
    return f"{n_columns} columns with comments, {n_keys} tables with a primary key"


def check_read_only(address):
    with psycopg.connect(address) as connection:
        try:
            connection.execute("DELETE FROM trichter.messages")
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction):
            return
    sys.exit("the role that only reads could delete rows")


def is_installed():
    return any(pathlib.Path("/usr/lib/postgresql").glob("[0-9]*/bin/initdb"))


def main(program, store, scratch, readme):
    if not is_installed():
        print("SKIPPED: no PostgreSQL is installed: exports to it are not read by other programs")
        return
    with Server(pathlib.Path(scratch) / "server") as server:
        with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE bi")
        subprocess.run([program, "export", server.address("postgres", "bi"), "--store", store, "--quiet"], check=True)
        with psycopg.connect(server.address("postgres", "bi"), autocommit=True) as connection:
            connection.execute(role(pathlib.Path(readme)))
        address = server.address("bi_reader", "bi")
        engine = sqlalchemy.create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
        print("PostgreSQL by SQLAlchemy:", check_metadata(engine))
        check_read_only(address)
        engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
