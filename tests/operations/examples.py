"""Writes the README's examples of operation into files, and looks at what can be looked at without the programs that read them.

Usage: examples.py README FOLDER
"""

import pathlib
import re
import sys


def main(readme, folder):
    text = pathlib.Path(readme).read_text(encoding="utf-8").split("\n## Every night\n")[1].split("\n## ")[0]
    folder = pathlib.Path(folder)
    blocks = dict(re.findall(r"```(ini|crontab|python|dockerfile)\n(.*?)```", text, re.S))
    parts = re.split(r"# /etc/systemd/system/(\S+)\n", blocks["ini"])[1:]
    units = dict(zip(parts[::2], parts[1::2]))
    for name, unit in units.items():
        (folder / name).write_text(unit, encoding="utf-8")
    (folder / "trichter_dag.py").write_text(blocks["python"], encoding="utf-8")
    (folder / "Containerfile").write_text(blocks["dockerfile"], encoding="utf-8")

    assert set(units) == {"trichter.service", "trichter.timer"}, units
    zone, line = blocks["crontab"].strip().splitlines()
    minute, hour, day, month, weekday, user, command = line.split(maxsplit=6)
    assert zone.startswith("CRON_TZ=") and 0 <= int(minute) < 60 and 0 <= int(hour) < 24, line
    assert (day, month, weekday, user) == ("*", "*", "*", "trichter") and command.startswith("/usr/local/bin/trichter run"), line
    # Whatever starts a run, it is the same run.
    runs = re.findall(r"trichter run ([^|\n\"]*)", "".join(blocks.values()))
    assert len(runs) == 3 and all(run.startswith("--config /etc/trichter/trichter.toml") for run in runs), runs
    # In cron's lines a percent sign ends the command.
    assert "%" not in line, line
    stages = re.findall(r"^FROM \S+", blocks["dockerfile"], re.M)
    assert len(stages) == 2 and "USER trichter" in blocks["dockerfile"], stages


if __name__ == "__main__":
    main(*sys.argv[1:])
