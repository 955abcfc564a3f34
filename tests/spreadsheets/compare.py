#!/usr/bin/env python3
"""Compares report.json with the CSV tables, and these with the workbook, as other programs read them.

Usage: compare.py FOLDER

FOLDER holds report.json, tables/ and report.xlsx of one report. Exit code 0 if everything is equal.
"""

import datetime
import json
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

import jsonschema
import openpyxl

SCHEMA = pathlib.Path(__file__).parents[2] / "reports" / "report.schema.json"
NA = object()  # `n/a` without quotes: the channels cannot tell.
# Columns whose values are numbers or words of the program's own, which people read in plainer ones.
OWN_WORDS = ["weekday", "local_weekday", "basis", "funnel", "step"]
SHARE = ["numerator", "denominator", "value", "low", "high"]


class Comparison:
    """Counts what was compared, and gathers what differs."""

    def __init__(self):
        self.n_equal = 0
        self.faults = []

    def same(self, place, found, told):
        if equal(found, told):
            self.n_equal += 1
        else:
            self.faults.append(f"{place}: {found!r}, not {told!r}"[:300])


def equal(found, told):
    if isinstance(found, bool) or isinstance(told, bool):
        return found in (0, 1, True, False) and told in (0, 1, True, False) and bool(found) == bool(told)
    if isinstance(found, (int, float)) and isinstance(told, (int, float)):
        return math.isclose(found, told, rel_tol=1e-9, abs_tol=1e-9)
    return found == told


def letters(text):
    """What is left of a text that was disarmed, put on one line and perhaps cut."""
    return "".join(c for c in text if c.isalnum())


def same_text(found, told):
    if found is None or told is None:
        return found == told
    found, told = letters(found), letters(told)
    return found == told or (len(found) > 10_000 and told.startswith(found))


def parsed(text):
    """The records of a CSV by RFC 4180, with quoted cells as text and others as what they are."""
    rows, row, cell, quoted, place = [], [], [], None, 0
    while place < len(text):
        c = text[place]
        if quoted:
            if c == '"' and text[place + 1 : place + 2] == '"':
                cell.append('"')
                place += 1
            elif c == '"':
                quoted = False
            else:
                cell.append(c)
        elif c == '"' and quoted is None and not cell:
            quoted = True
        elif c == "," or text.startswith("\r\n", place):
            row.append("".join(cell) if quoted is False else plain("".join(cell)))
            cell, quoted = [], None
            if c != ",":
                rows.append(row)
                row = []
                place += 1
        else:
            assert quoted is None and c != '"', f"a stray {c!r} at {place}"
            cell.append(c)
        place += 1
    assert not row and not cell, "the last line has no end"
    return rows


def plain(text):
    if text in ("", "n/a", "true", "false"):
        return {"": None, "n/a": NA, "true": True, "false": False}[text]
    try:
        return float(text)
    except ValueError:
        return text


class Table:
    """A CSV table with what the manifest says of it."""

    def __init__(self, folder, resource):
        self.name = resource["name"]
        self.fields = resource["schema"]["fields"]
        header, *rows = parsed((folder / resource["path"]).read_bytes().decode("utf-8"))
        assert header == [field["name"] for field in self.fields], self.name
        self.rows = [dict(zip(header, row, strict=True)) for row in rows]


def figure(comparison, place, row, prefix, told):
    """A share: its counts, its interval, whether it can be measured."""
    if told is None or not told.get("measurable", True):
        for part in SHARE:
            comparison.same(f"{place}.{prefix}_{part}", row[f"{prefix}_{part}"], None)
        comparison.same(f"{place}.{prefix}_measurable", row[f"{prefix}_measurable"], None if told is None else False)
        return
    for part in SHARE:
        comparison.same(f"{place}.{prefix}_{part}", row[f"{prefix}_{part}"], told[part])
    for bound in ["lower_bound", "upper_bound"]:
        comparison.same(f"{place}.{prefix}_{bound}", row[f"{prefix}_{bound}"], told.get(bound, False))


def name(comparison, place, found, told):
    if told is not None and found is not None:
        found = told if same_text(found, told) else found
    comparison.same(place, found, told)


def breakdown(comparison, table, rows, names):
    if table is None:
        comparison.same(names, 0, len(rows))
        return
    comparison.same(f"rows of {table.name}", len(table.rows), len(rows))
    metrics = [field["name"][: -len("_numerator")] for field in table.fields if field["name"].endswith("_numerator")]
    for place, (row, told) in enumerate(zip(table.rows, rows)):
        for column, value in zip(names, told.get("segment", [told.get("day")])):
            name(comparison, f"{table.name}[{place}].{column}", row[column], value)
        figures = {metric.replace("@", "_of_"): one for metric, one in told["figures"].items()}
        for metric in metrics:
            figure(comparison, f"{table.name}[{place}]", row, metric, figures.get(metric))


def measure(comparison, table, told_rows):
    """A measure's table: the names of its fields are those of the columns, with a part behind where there are several."""
    comparison.same(f"rows of {table.name}", len(table.rows), len(told_rows))
    for number, (row, told) in enumerate(zip(table.rows, told_rows)):
        for key, value in told.items():
            if key == "immature":
                continue
            column = "".join(c if c.isalnum() else "_" for c in key.lower())
            place = f"{table.name}[{number}].{column}"
            parts = {part: row[column + part] for part in ["", "_id", "_s", "_value", "_amount", "_each"] if column + part in row}
            if value is None:
                comparison.same(place, all(part in (None, NA, False) for part in parts.values()), True)
            elif value == "n/a":
                said = NA in parts.values() or row.get(column + "_measurable") is False or parts.get("") == "n/a"
                comparison.same(place, said, True)
            elif value in ("higher", "lower", "no difference") and column + "_differs" in row:
                comparison.same(place, row[column + "_differs"], value != "no difference")
                if value != "no difference":
                    comparison.same(place, row[column + "_value"] > 0, value == "higher")
            elif isinstance(value, str):
                name(comparison, place, parts.get("_id", parts.get("")), value)
            elif isinstance(value, (bool, int, float)):
                # A column of counts and of lengths of time has a part for each.
                found = [parts[part] for part in ["", "_s"] if parts.get(part) is not None]
                comparison.same(place, found, [value])
            elif "currency" in value:
                if "count" in value:
                    comparison.same(place, row[column + "_each"], None if value["value"] is None else float(value["value"]))
                    comparison.same(place, row[column + "_count"], value["count"])
                comparison.same(place, row[column + "_amount"], float(value["amount"]))
                comparison.same(place, row[column + "_currency"], value["currency"])
                comparison.same(place, row[column + "_lower_bound"], value["lower_bound"])
            else:
                for part, one in value.items():
                    comparison.same(f"{place}_{part}", row[f"{column}_{part}"], one)


def tables_say_the_report(comparison, report, tables):
    told = [one for headline in report["headlines"] for one in [headline, *headline["beside"]]]
    headlines = tables["headlines"].rows
    comparison.same("headlines", len(headlines), len(told))
    for row, one in zip(headlines, told):
        comparison.same("headline", row["metric_id"], one["metric"])
        figure(comparison, f"headlines of {one['metric']}", row, "share", one.get("figure") if "beside" in one else one)

    breakdown(comparison, tables.get("channels"), report["channels"]["rows"], ["channel"])
    breakdown(comparison, tables.get("campaigns"), report["campaigns"]["rows"], ["campaign"])
    breakdown(comparison, tables.get("trend"), report["days"], ["day"])
    if report["breakdown"]:
        breakdown(comparison, tables.get("breakdown"), report["breakdown"]["rows"], report["breakdown"]["by"])
    for row, day in zip(tables["trend"].rows, report["days"]):
        comparison.same(f"immature {day['day']}", row["immature"], not day["mature"])

    questions = [(flow["flow"], question) for flow in report["flows"] for question in flow["questions"]]
    rows = tables["questions"].rows
    comparison.same("questions", len(rows), len(questions))
    for row, times, (flow, question) in zip(rows, tables["answer_times"].rows, questions):
        name(comparison, "flow", row["flow"], flow)
        name(comparison, "question", row["question"], question["question"])
        figure(comparison, "questions", row, "question_drop_off_rate", question["drop_off"])
        for key in question:
            if key.startswith("n_"):
                comparison.same(f"questions.{key}", row[key], question[key])
        spread = question["answer_seconds"]
        if spread and spread["measurable"]:
            for part in ["median", "p90", "p99"]:
                comparison.same(f"answer_times.{part}", times[f"{part}_s"], spread[part])

    steps = [(one["funnel"], step) for one in report["funnels"] if any(step["reached"] for step in one["steps"]) for step in one["steps"]]
    rows = tables["funnels"].rows if "funnels" in tables else []
    comparison.same("steps of funnels", len(rows), len(steps))
    for place, (row, (funnel, step)) in enumerate(zip(rows, steps)):
        name(comparison, "funnel", row["funnel"], funnel)
        name(comparison, "step", row["step"], step["step"])
        for count in ["reached", "converted", "lost", "excluded", "open"]:
            comparison.same(f"funnels.{count}", row[f"n_{count}"], step[count])
        if place and steps[place - 1][0] == funnel:
            figure(comparison, "funnels", row, "from_start", step["from_start"])
            figure(comparison, "funnels", row, "from_previous", step["from_previous"])
        comparison.same("funnels.median", row["median_s"], step["time_s"]["median"])

    for one in report["measures"]:
        for table in one["tables"]:
            known = f"{one['measure']}_{table['id']}"
            if table["rows"]:
                measure(comparison, tables[known], table["rows"])
            else:
                comparison.same(known, known in tables, False)


def of_cell(cell):
    """What a cell holds, with durations in seconds and days as text."""
    value = cell.value
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, datetime.datetime):
        has_time = "h" in cell.number_format.lower()
        return value.isoformat() + "Z" if has_time else value.date().isoformat()
    if isinstance(value, datetime.time):
        return value.hour * 3600 + value.minute * 60 + value.second
    return value


def workbook_says_the_tables(comparison, book, tables, reader):
    for table in tables.values():
        if table.name == "headlines":
            continue
        sheet = book[table.name[:31]]
        rows = list(sheet.iter_rows())
        header = [cell.value for cell in rows[0]]
        comparison.same(f"{reader}: rows of {table.name}", len(rows) - 1, len(table.rows))
        left = iter(table.fields)
        fields = [next((field for field in left if letters(field["title"]) == letters(title.removesuffix(" (UTC)"))), None) for title in header]
        assert None not in fields, f"{table.name}: {header}"
        skipped = {field["name"] for field in table.fields} - {field["name"] for field in fields}
        assert all(one.endswith(("_measurable", "_lower_bound", "_upper_bound")) for one in skipped), (table.name, skipped)
        if reader == "openpyxl":
            comparison.same(f"{table.name}: its header stays", sheet.freeze_panes, "B2")
            comparison.same(f"{table.name}: it can be filtered", sheet.auto_filter.ref, sheet.dimensions)
        for cells, row in zip(rows[1:], table.rows):
            for cell, field in zip(cells, fields):
                place = f"{reader}: {table.name}.{field['name']}"
                found, told = of_cell(cell), row[field["name"]]
                if told is NA:
                    comparison.same(place, found in ("n/a", "k. A."), True)
                elif field["type"] == "string":
                    if field["name"] in OWN_WORDS:
                        comparison.same(place, bool(found), True)
                    elif told is None or letters(told) == "":
                        # What has no name is told in words, in brackets if it is not what a flow's heading says.
                        is_mark = found is None or found.startswith("(") or letters(found) == "" or field["name"] == "flow"
                        comparison.same(place, is_mark, True)
                    else:
                        comparison.same(place, same_text(found, told), True)
                elif field["unit"] == "seconds" and told is not None:
                    comparison.same(place, found is not None and abs(found - told) < 0.5, True)
                else:
                    comparison.same(place, found, told)


def nothing_is_a_formula(comparison, path, reader):
    cells = [cell for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row]
    # LibreOffice writes yes and no so.
    formulas = [cell.value for cell in cells if cell.data_type == "f" and cell.value not in ("=TRUE()", "=FALSE()")]
    comparison.same(f"{reader}: formulas", formulas, [])


def by_libreoffice(path, folder):
    """The workbook after LibreOffice has opened it and written it anew; `None` where there is no LibreOffice."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        return None
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [program, "--headless", profile, "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder / path.name


def schema_holds(comparison, report):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    comparison.same("faults against the schema", [error.message[:200] for error in validator.iter_errors(report)], [])
    bent = {**report, "headlines": [{"metric": 1}]}
    comparison.same("a bent report is found out", validator.is_valid(bent), False)


def main():
    # It cannot read every chart that LibreOffice writes; cells are what is compared.
    warnings.filterwarnings("ignore", message="Unable to read chart")
    folder = pathlib.Path(sys.argv[1])
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    package = json.loads((folder / "tables" / "datapackage.json").read_text(encoding="utf-8"))
    tables = {resource["name"]: Table(folder / "tables", resource) for resource in package["resources"]}
    comparison = Comparison()
    schema_holds(comparison, report)
    tables_say_the_report(comparison, report, tables)
    with tempfile.TemporaryDirectory() as scratch:
        written = folder / "report.xlsx"
        for path, reader in [(written, "openpyxl"), (by_libreoffice(written, pathlib.Path(scratch)), "LibreOffice")]:
            if path is None:
                print(f"no {reader} here: its reading of the workbook is skipped")
                continue
            workbook_says_the_tables(comparison, openpyxl.load_workbook(path, data_only=True), tables, reader)
            nothing_is_a_formula(comparison, path, reader)
    # A comparison of nothing is none.
    comparison.same("enough was compared", comparison.n_equal > 2_000, True)
    for fault in comparison.faults[:20]:
        print(fault)
    print(f"{folder.name}: {comparison.n_equal} equal, {len(comparison.faults)} different")
    sys.exit(1 if comparison.faults else 0)


main()
