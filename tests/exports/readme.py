"""Runs the Python of the README's section on exports, as it stands there, over an export of a store.

Usage: readme.py README TRICHTER STORE
"""

import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def can_spark():
    return shutil.which("java") and importlib.util.find_spec("pyspark")


def main(readme, program, store):
    text = pathlib.Path(readme).read_text(encoding="utf-8")
    section = text.split("## Into other programs", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    store = os.path.abspath(store)
    program = os.path.abspath(program)
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        # The README speaks of a store and an export by these names.
        os.symlink(store, "store")
        subprocess.run([program, "export", "parquet:bi", "--store", "store", "--quiet"], check=True)
        for block in blocks:
            if "pyspark" in block and not can_spark():
                print("SKIPPED: no Java, or no pyspark: the lines for Spark are not run")
                continue
            print(block.splitlines()[0])
            exec(compile(block, readme, "exec"), {})
    if not blocks:
        sys.exit("FAILED: the README shows no Python")
    print(f"PASSED: {len(blocks)} pieces of Python in the README run")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
