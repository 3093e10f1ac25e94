"""OSCAL of the demo's packet: valid against NIST's own schemas, and read by compliance-trestle.

Proves as well that what OSCAL cannot say is not lost: every result is an observation, what could not be determined is
never satisfied, links lead somewhere, and evidence is an object of the packet.
"""

import json
import os
import subprocess
from urllib.parse import urljoin

import harness
from harness import check
from live import VENV, environment, same, there

SCHEMAS = os.path.join(os.path.dirname(__file__), "..", "oscal")
TRESTLE = f"{VENV}/bin/trestle"
FILES = {"assessment-results": "oscal_assessment-results_schema.json", "poam": "oscal_poam_schema.json"}


def test(root):
    if not there("compliance-trestle", TRESTLE):
        return
    base = os.path.join(root, "oscal")
    os.makedirs(base)
    demo = os.path.join(base, "demo")
    for words in (["demo", "--dir", demo], ["report", "packet", "--config", f"{demo}/backproof.toml", "--period", "2026-10", "--out", f"{base}/packet"]):
        done = subprocess.run([harness.BACKPROOF, *words], cwd=base, env=environment(base), capture_output=True, text=True, timeout=300, check=False)
        check(f"oscal: {words[0]} {words[1]}", done.returncode in (0, 4), done.stderr)
        if done.returncode not in (0, 4):
            return
    data = os.path.join(base, "packet", "data")
    documents = {name: load(f"{data}/oscal/{name}.json") for name in FILES}
    for name, document in documents.items():
        faults = invalid(document, load(os.path.join(SCHEMAS, FILES[name])))
        check(f"oscal: {name} is valid", not faults, "; ".join(faults[:5]))
        links(name, document)
        same(f"oscal: {name} is read whole by trestle", trestle(name, f"{data}/oscal/{name}.json"), document)
    # A validator that takes everything would prove nothing.
    documents["poam"]["plan-of-action-and-milestones"]["poam-items"] = []
    check("oscal: a document without items is not valid", bool(invalid(documents["poam"], load(os.path.join(SCHEMAS, FILES["poam"])))))
    results(data, documents["assessment-results"], load(f"{data}/oscal/poam.json"))


def load(path: str):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def invalid(document, schema) -> list[str]:
    """What is wrong with it. Python's expressions know no classes of Unicode: letters and digits are said otherwise."""
    from jsonschema import Draft7Validator
    text = json.dumps(schema).replace(r"\\p{L}", r"[^\\W\\d_]").replace(r"\\p{N}", r"\\d")
    assert r"\\p{" not in text
    validator = Draft7Validator(json.loads(text))
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(document)]


def trestle(name: str, path: str):
    """The document as trestle read it and writes it again."""
    from pathlib import Path
    from trestle.oscal import assessment_results, poam
    kind = assessment_results.AssessmentResults if name == "assessment-results" else poam.PlanOfActionAndMilestones
    try:
        return normal(json.loads(kind.oscal_read(Path(path)).oscal_serialize_json()))
    except Exception as refused:
        return repr(refused)[:2000]


def normal(value):
    """Trestle writes instants with an offset."""
    if isinstance(value, dict):
        return {k: normal(v) for k, v in value.items()}
    if isinstance(value, list):
        return [normal(v) for v in value]
    return value.replace("+00:00", "Z") if isinstance(value, str) else value


def walk(value):
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def links(name: str, document):
    """Ids are unique, and every id that is named is there."""
    objects = list(walk(document))
    ids = [o["uuid"] for o in objects if "uuid" in o]
    same(f"oscal: {name}: ids are unique", len(set(ids)), len(ids))
    named = {v for o in objects for k, v in o.items() if k.endswith("-uuid")}
    check(f"oscal: {name}: every id that is named is there", bool(named) and named <= set(ids), str(sorted(named - set(ids))[:3]))


def value(part, name: str) -> str | None:
    return next((p["value"] for p in part.get("props", []) if p["name"] == name), None)


def results(data: str, document, poam):
    """The same as the assessment in the packet says."""
    assessment = load(f"{data}/assessment.json")
    result = document["assessment-results"]["results"][0]
    line = " ".join
    true = sorted((r["check"], line(r["unit"].split()), r["state"]) for r in assessment["results"])
    seen = sorted((value(o, "check"), value(o, "unit"), value(o, "state")) for o in result["observations"])
    same("oscal: one observation for each result", seen, true)
    states = {(value(f, "state"), f["target"]["status"]["state"], f["target"]["status"]["reason"]) for f in result["findings"]}
    same("oscal: what could not be determined is no pass", states,
         {("pass", "satisfied", "pass"), ("fail", "not-satisfied", "fail"), ("no_evidence", "not-satisfied", "other")})
    open_results = sum(r["state"] in ("fail", "no_evidence") for r in assessment["results"])
    same("oscal: an item for each result that is open", len(poam["plan-of-action-and-milestones"]["poam-items"]), open_results)
    waived = sum(r["waived"] for r in assessment["results"])
    approved = sum(r["status"] == "deviation-approved" for r in result["risks"])
    check("oscal: waivers are deviations", waived > 0 and approved == waived, f"{approved} of {waived}")
    evidence = [e for o in result["observations"] for e in o.get("relevant-evidence", [])]
    without = [e["description"] for e in evidence if "href" not in e]
    check("oscal: every row leads to an object or a file of the workspace", not without, str(without[:2]))
    hrefs = {e["href"] for e in evidence if "href" in e}
    missing = [h for h in hrefs if not os.path.isfile(os.path.join(data, urljoin("oscal/x.json", h)))]
    check("oscal: evidence is in the packet", bool(hrefs) and not missing, f"{len(missing)} of {len(hrefs)}: {missing[:2]}")
