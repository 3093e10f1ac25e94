#!/usr/bin/env python3
"""Recounts every figure of a packet from its own files. Python's standard library only, and nothing of backproof.

usage: tests/recount.py PACKET

- Each figure is counted again from lineage.csv, and metrics and results are compared with assessment.json.
- Each lineage row is followed: its object must be there with its hash, or be listed as withheld, and its pointer must
  lead to something in it; without an object, to a line of a file below data/workspace or a place in assessment.json.
- An object that is compressed with zstd is read through the command `zstd`; where there is none, the object is listed as not
  read, its hash is compared all the same, and its rows are counted.
- What a generic run log or a restore report says in its own bytes must agree with what the row counts as.
- Each sample is drawn again from its population with its seed.
"""

import collections
import csv
import gzip
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys

csv.field_size_limit(1 << 30)
GOOD = {"success", "late_success"}


class Packet:
    def __init__(self, folder):
        self.data = pathlib.Path(folder) / "data"
        self.faults = []
        self.counts = collections.Counter()
        self.texts = {}
        self.unread = {}

    def fault(self, message):
        self.faults.append(message)

    def rows(self, name):
        path = self.data / name
        if not path.exists():
            return
        with open(path, newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)

    def recount(self):
        figures = list(self.rows("figures.csv"))
        narrowed = collections.defaultdict(set)
        for figure in figures:
            narrowed[figure["population"]].add(figure["by"])
        counted = collections.Counter()
        for row in self.rows("lineage.csv"):
            self.counts["lineage rows"] += 1
            for by in narrowed[row["population"]]:
                counted[row["population"], row["role"], by, row[by] if by else ""] += 1
            self.follow(row)
        for figure in figures:
            self.counts["figures"] += 1
            key = figure["by"], figure["key"]
            count = sum(counted[(figure["population"], role, *key)] for role in figure["roles"].split(";"))
            if count != int(figure["value"]):
                self.fault(f"{figure['figure_id']} is {figure['value']}, and {count} rows count")
        self.compare({figure["figure_id"]: int(figure["value"]) for figure in figures})

    def compare(self, figures):
        """Figures must say what the assessment says."""
        assessment = self.assessment()
        expected = {}
        for metric in assessment["metrics"]:
            if metric["id"].endswith("_rate"):
                parts = ["numerator", "denominator"] + (["unknown"] if metric["id"].startswith("backup") else [])
                for part in parts:
                    name = f"{metric['id']}/{part}"
                    expected[name] = metric[part]
                    for by in metric["by"]:
                        expected.update({f"{name}/{by}/{p['key']}": p[part] for p in metric["by"][by]})
            elif metric["value"] is not None:
                expected[f"{metric['id']}/count"] = metric["numerator"]
        for state, count in assessment["summary"].items():
            expected[f"results/{state}"] = count
        outcomes = collections.Counter(row["outcome"] for row in self.rows("populations/slots.csv") if "outcome" in row)
        expected.update({f"slots/{outcome}": count for outcome, count in outcomes.items()})
        for name, value in expected.items():
            if figures.get(name) != value:
                self.fault(f"{name} is {figures.get(name)}, and the assessment or the population says {value}")

    def assessment(self):
        return json.loads((self.data / "assessment.json").read_text("utf-8"))

    def follow(self, row):
        where = f"{row['population']} {row['row_id']}"
        if row["evidence"]:
            self.in_object(row, where)
        elif row["pointer"].startswith("assessment.json#"):
            result = self.value(("assessment",), row["pointer"].split("#", 1)[1])
            state = "fail_waived" if result and result["waived"] else result and result["state"]
            if state != row["role"] or f"result/{result['check']}/{result['unit']}" != row["row_id"]:
                self.fault(f"{where}: {row['pointer']} is another result")
        elif row["pointer"]:
            name, _, line = row["pointer"].rpartition(":")
            if not self.line(("file", name), int(line)):
                self.fault(f"{where}: there is no {row['pointer']}")
        else:
            self.fault(f"{where}: nobody can tell where it was read")

    def in_object(self, row, where):
        text = self.text(("object", row["evidence"]))
        if text is None:
            if row["evidence"] not in self.withheld():
                self.fault(f"{where}: its object {row['evidence']} is neither there nor withheld")
            return
        if row["evidence"] in self.unread:
            self.counts["rows whose bytes were not read"] += 1
            return
        pointer = row["pointer"]
        if pointer.startswith("line:"):
            said = self.line(("object", row["evidence"]), int(pointer[5:]))
            if said is None:
                self.fault(f"{where}: object {row['evidence']} has no {pointer}")
            elif said.startswith("{"):
                try:
                    said = json.loads(said)
                except ValueError:
                    return
                self.agrees(row, said, where)
        elif pointer.startswith("/"):
            said = self.value(("object", row["evidence"]), pointer)
            if said is None:
                self.fault(f"{where}: object {row['evidence']} has no {pointer}")

    def agrees(self, row, said, where):
        """A generic run record states in its own words what became of the run."""
        if row["population"] == "slots" and "run_id" in said and row["role"] in GOOD | {"failed"}:
            self.counts["outcomes read from raw bytes"] += 1
            if row["role"] in GOOD and said["status"] != "success":
                self.fault(f"{where} counts as {row['role']}, and its record says {said['status']}")
        if row["row_id"].startswith("run/runs.") and "run_id" in said:
            self.counts["ids read from raw bytes"] += 1
            if not row["row_id"].endswith("/" + said["run_id"]):
                self.fault(f"{where} is read from the record of {said['run_id']}")

    def withheld(self):
        return {row["sha256"] for row in self.rows("withheld.csv")}

    def text(self, key):
        """Lines, or the parsed value, of a file: read and hashed once."""
        if key in self.texts:
            return self.texts[key]
        kind, *name = key
        path = {
            "object": lambda: self.data / "evidence/objects" / name[0][:2] / name[0],
            "file": lambda: self.data / "workspace" / name[0],
            "assessment": lambda: self.data / "assessment.json",
        }[kind]()
        if not path.is_file():
            return None
        raw = path.read_bytes()
        if kind == "object":
            self.counts["objects"] += 1
            if hashlib.sha256(raw).hexdigest() != name[0]:
                self.fault(f"object {name[0]} has other bytes")
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        elif raw[:4] == b"\x28\xb5\x2f\xfd":
            raw = self.unpacked(name[0], raw)
        self.texts[key] = {"raw": raw}
        return self.texts[key]

    def unpacked(self, name, raw):
        """The standard library reads no zstd: the command does, where it is there."""
        command = shutil.which("zstd")
        if command is None:
            self.unread[name] = "it is compressed with zstd, and there is no command `zstd` to read it"
            return b""
        done = subprocess.run([command, "-dcq"], input=raw, capture_output=True, check=False)
        if done.returncode != 0:
            self.fault(f"object {name} can't be decompressed: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def line(self, key, number):
        text = self.text(key)
        if text is None:
            return None
        if "lines" not in text:
            text["lines"] = text["raw"].decode("utf-8", "replace").removesuffix("\n").split("\n")
        return text["lines"][number - 1] if 0 < number <= len(text["lines"]) else None

    def value(self, key, pointer):
        text = self.text(key)
        if text is None:
            return None
        if "value" not in text:
            text["value"] = json.loads(text["raw"])
        value = text["value"]
        for part in pointer.split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(part)] if isinstance(value, list) else value[part]
            except (KeyError, IndexError, ValueError, TypeError):
                return None
        return value

    def redraw(self):
        """Samples without strata are the rows with the smallest hashes, in their order."""
        drawn = collections.defaultdict(list)
        for row in self.rows("samples.csv"):
            drawn[row["population"]].append(row)
        for population, rows in drawn.items():
            self.counts["sampled rows"] += len(rows)
            ids = [row["row_id"] for row in self.rows(f"populations/{population}.csv")]
            seed = rows[0]["seed"]
            number = {i: hashlib.sha256(f"{seed}:{i}:1".encode()).hexdigest() for i in ids}
            if len(ids) != int(rows[0]["population_size"]):
                self.fault(f"sample of {population}: drawn from {rows[0]['population_size']} rows, and {len(ids)} are there")
            if [number.get(row["row_id"]) for row in rows] != [row["draw"] for row in rows]:
                self.fault(f"sample of {population}: its numbers are not those of the seed")
            if not rows[0]["stratified_by"]:
                again = sorted(ids, key=number.get)[: len(rows)]
                if again != [row["row_id"] for row in rows] or len(rows) != int(rows[0]["sample_size"]):
                    self.fault(f"sample of {population}: other rows are drawn")
            if rows[0]["stratified_by"]:
                firsts = {row["stratum"] for row in rows}
                self.counts["strata"] += len(firsts)


def main():
    packet = Packet(sys.argv[1])
    packet.recount()
    packet.redraw()
    for fault in packet.faults[:50]:
        print(fault)
    for name, why in packet.unread.items():
        print(f"not read: object {name}: {why}")
    print(", ".join(f"{count} {what}" for what, count in sorted(packet.counts.items())))
    print(f"{len(packet.faults)} faults")
    return 1 if packet.faults else 0


if __name__ == "__main__":
    sys.exit(main())
