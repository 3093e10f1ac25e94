"""`publish` to Drata and Vanta, against servers made from their published descriptions (`fake_evidence.py`).

Proves that requests have the documented form, that the period is set, that what arrives is the packet (which verifies when it is
unpacked), that a repetition sends nothing, that an answer that was lost never leads to a second copy, and that no secret shows.
"""

import hashlib
import io
import json
import os
import zipfile

from fake_evidence import Drata, Vanta
from harness import check
from live import Reply, same
from packets import Workshop

KEY, SECRET = "numbat-drata-key-5c1", "numbat-vanta-secret-9e2"


def test(root):
    base = os.path.join(root, "evidence")
    os.makedirs(base)
    for name in ("drata", "vanta"):
        delivered(base, name)
        lost(base, name)
        faults(base, name)
    refusals(base)


def service(name: str):
    return Drata(KEY, "11", "258") if name == "drata" else Vanta("client-1", SECRET, "backup-restore")


def shop(base: str, name: str, server) -> Workshop:
    keys = f'url = "{server.url}/public/v2"\nworkspace = 11\nevidence = ["258"]\ntoken = {{ env = "KEY" }}\n' if name == "drata" else \
        f'url = "{server.url}"\ndocuments = "backup-restore"\nclient_id = "client-1"\nclient_secret = {{ env = "KEY" }}\n'
    made = Workshop(base, f"\n[publish.{name}]\n{keys}", KEY=KEY if name == "drata" else SECRET).collect()
    made.packet("october", "2026-10")
    return made


def publish(made: Workshop, name: str):
    done = made.run("publish", "october", name, "--format", "json")
    return done.returncode, json.loads(done.stdout) if done.returncode == 0 else {}, done.stdout + done.stderr


def held(name: str, server) -> dict[str, tuple[bytes, str]]:
    """What the service holds: bytes and date by file name."""
    if name == "drata":
        return {a["artifactName"]: (server.content[a["id"]], a["filedAt"][:10]) for a in server.artifacts}
    return {u["fileName"]: (server.content[u["id"]], u["effectiveDate"][:10]) for u in server.uploads}


def copies(name: str, server) -> int:
    return len(server.artifacts if name == "drata" else server.uploads)


def delivered(base: str, name: str):
    with service(name) as server:
        made = shop(base, name, server)
        code, said, error = publish(made, name)
        check(f"{name}: done", code == 0 and (said.get("uploaded"), said.get("kept")) == (2, 0), f"{code}: {said} {error}")
        files = held(name, server)
        with open(f"{made.path}/october/tagmanifest-sha256.txt", "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        same(f"{name}: the report and the packet, called after it", sorted(files), [f"october-{digest[:12]}.{ending}" for ending in ("pdf", "zip")])
        same(f"{name}: the period's last day is set", {day for _, day in files.values()}, {"2026-10-31"})
        with open(f"{made.path}/october/data/packet.pdf", "rb") as file:
            check(f"{name}: the report arrived as it is", files.get(f"october-{digest[:12]}.pdf", (b"",))[0] == file.read())
        whole = zipfile.ZipFile(io.BytesIO(files[f"october-{digest[:12]}.zip"][0]))
        check(f"{name}: the ZIP is sound", whole.testzip() is None)
        whole.extractall(f"{made.path}/unpacked")
        done = made.run("verify", "unpacked/october")
        check(f"{name}: what arrived verifies", done.returncode == 0, done.stdout)
        if name == "vanta":
            texts = [u["description"] for u in server.uploads]
            check("vanta: described", all(digest in t and "2026-10-01 to 2026-10-31" in t for t in texts), texts)
        receipts = f"{made.path}/october.{name}.json"
        with open(receipts, "rb") as file:
            first = file.read()
        told = {f["file"]: f["sha256"] for f in json.loads(first)["files"]}
        same(f"{name}: receipts tell what was sent", told, {n: hashlib.sha256(b).hexdigest() for n, (b, _) in files.items()})
        with open(f"{made.path}/evidence/receipts/{name}-{digest[:16]}.json", "rb") as file:
            check(f"{name}: the store keeps them as well", file.read() == first)
        code, said, error = publish(made, name)
        check(f"{name}: a repetition sends nothing", code == 0 and (said.get("uploaded"), said.get("kept")) == (0, 2), f"{code}: {said} {error}")
        same(f"{name}: and there is no second copy", copies(name, server), 2)
        with open(receipts, "rb") as file:
            check(f"{name}: the same receipts", file.read() == first)
        same(f"{name}: every request had its documented form", server.wrong, [])
        same(f"{name}: no secret shows", made.holding(KEY) + made.holding(SECRET), [])


def lost(base: str, name: str):
    """The service does what it is asked, and its answers break off."""
    with service(name) as server:
        made = shop(base, name, server)
        server.lose = 2
        # Nothing tells that a file keeps its name.
        server.renames = True
        code, said, error = publish(made, name)
        check(f"{name}: answers that were lost are looked after", code == 0, f"{code}: {error}")
        same(f"{name}: and lead to no second copy", copies(name, server), 2)
        same(f"{name}: every request had its documented form, again", server.wrong, [])


def faults(base: str, name: str):
    place = "evidence-files" if name == "drata" else "uploads"
    with service(name) as server:
        made = shop(base, name, server)
        for fault in (Reply(429, {"message": "slow"}, {"Retry-After": "1"}), Reply(503, b"")):
            server.fault(place, fault, 1)
        code, said, error = publish(made, name)
        check(f"{name}: what passes is waited out", code == 0 and said.get("uploaded") == 2, f"{code}: {error}")
    for what, fault, word in [("403", Reply(403, {"message": f"no {KEY if name == 'drata' else SECRET}"}), "permissions"), ("413", Reply(413, b"<html>"), "as large"),
                              ("a wait of an hour", Reply(429, {"message": "slow"}, {"Retry-After": "3600"}), "worth trying"),
                              ("no JSON", Reply(200, b"<html>fine</html>"), "can't be read"), ("a redirect", Reply(302, b"", {"Location": "http://localhost:9/"}), "302")]:
        with service(name) as server:
            made = shop(base, name, server)
            server.fault(place, fault)
            code, _, error = publish(made, name)
            check(f"{name}: {what} is an error that says so", code == 1 and word in error, f"{code}: {error}")
            check(f"{name}: {what}: nothing arrived, no receipt is written", copies(name, server) == 0 and not os.path.exists(f"{made.path}/october.{name}.json"))
            same(f"{name}: {what}: no secret shows", made.holding(KEY) + made.holding(SECRET), [])
    with service(name) as server:
        made = shop(base, name, server)
        made.env["KEY"] = "numbat-wrong-key"
        code, _, error = publish(made, name)
        check(f"{name}: a refused credential is told, and not shown", code == 1 and "401" in error and "numbat-wrong-key" not in error, error)


def refusals(base: str):
    made = Workshop(base).collect()
    made.packet("october", "2026-10")
    for name in ("drata", "vanta"):
        code, _, error = publish(made, name)
        check(f"{name}: where nothing is configured, that is said", code == 2 and f"[publish.{name}]" in error, f"{code}: {error}")
    made = Workshop(base, '\n[publish.drata]\nurl = "http://192.0.2.1/public/v2"\nworkspace = 1\nevidence = 2\ntoken = { env = "KEY" }\n', KEY=KEY).collect()
    made.packet("october", "2026-10")
    code, _, error = publish(made, "drata")
    check("drata: plain http to another machine is refused", code == 1 and "https" in error, f"{code}: {error}")
    del made.env["KEY"]
    code, _, error = publish(made, "drata")
    check("drata: a credential that is not there is told", code == 2 and "KEY is not set" in error, f"{code}: {error}")
