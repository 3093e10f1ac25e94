"""Packets in S3: moto and SeaweedFS, asked by boto3 what `publish` left there.

Proves that every file is stored as it is, locked as asked, and attested by a receipt that names the version; that a
repetition changes nothing and a broken publication goes on; that neither a packet that was changed nor a bucket that
cannot lock is taken; and that `index.html` names every packet that is there.
"""

import base64
import hashlib
import json
import os
import shutil
from datetime import datetime, timedelta, timezone

import aws_seed
from aws_servers import MOTO, SECRET, WEED, credentials, moto, weed
from harness import check
from live import Workspace, same, there
from packets import Workshop, content
from peer_aws import until

BUCKET, PREFIX = "acme-audit", "packets/2026"


def test(root):
    if not there("moto and SeaweedFS", MOTO, WEED):
        return
    base = os.path.join(root, "publish")
    os.makedirs(base)
    shop = Workshop(base).collect()
    with moto(base) as (_, url):
        s3 = aws_seed.client("s3", url)
        s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        s3.create_bucket(Bucket="acme-open")
        published(base, shop, url, s3)
        refusals(base, shop, url, s3)
        strengthened(base, shop, url, s3)
    with weed(base) as (_, url):
        s3 = aws_seed.client("s3", url, "admin-key", "admin-secret")
        until(lambda: s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True), "SeaweedFS takes a bucket")
        real(base, shop, url, s3)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def publish(workspace: Workspace, folder: str, url: str, *more: str, target: str = f"s3://{BUCKET}/{PREFIX}"):
    done = workspace.run("publish", folder, target, "--endpoint", url, "--region", "us-east-1", "--format", "json", *more)
    return done.returncode, json.loads(done.stdout) if done.returncode == 0 else {}, done.stderr


def versions(s3, bucket: str = BUCKET) -> list[tuple[str, str]]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    return sorted((v["Key"], v["VersionId"]) for page in pages for v in page.get("Versions", []))


def published(base: str, shop: Workshop, url: str, s3):
    workspace = Workspace(base, "", **credentials())
    # A store, so that it keeps receipts as well.
    os.makedirs(f"{workspace.path}/drop")
    with open(f"{workspace.path}/backproof.toml", "a", encoding="utf-8") as file:
        file.write('[sources.runs.nightly]\npath = "drop"\n')
    workspace.collect()
    folder = shop.packet(f"{base}/packet-2026-10", "2026-10")
    true = content(folder)
    code, said, error = publish(workspace, folder, url, "--retain", "P6Y")
    check("publish: done", code == 0 and said.get("uploaded") == len(true), f"{code} {said} {error}")
    stored = {}
    for path, data in true.items():
        head = s3.head_object(Bucket=BUCKET, Key=f"{PREFIX}/packet-2026-10/{path}", ChecksumMode="ENABLED")
        stored[path] = head
        sum64 = base64.b64encode(hashlib.sha256(data).digest()).decode()
        same(f"publish: the server's checksum of {path}", head.get("ChecksumSHA256"), sum64)
    modes = {head.get("ObjectLockMode") for head in stored.values()}
    ends = [head["ObjectLockRetainUntilDate"] - datetime.now(timezone.utc) for head in stored.values() if "ObjectLockRetainUntilDate" in head]
    same("publish: every object is locked, in the mode that can be lifted", modes, {"GOVERNANCE"})
    check("publish: for six years", len(ends) == len(true) and all(timedelta(days=2190) < e < timedelta(days=2193) for e in ends), str(ends[:2]))
    body = s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}/packet-2026-10/data/packet.pdf")["Body"].read()
    check("publish: a large object is whole", body == true["data/packet.pdf"])
    types = {path: head["ContentType"] for path, head in stored.items()}
    same("publish: pages are pages, evidence is bytes", (types["data/packet.html"], next(types[p] for p in types if p.startswith("data/evidence/objects/"))), ("text/html; charset=utf-8", "application/octet-stream"))

    receipts_path = f"{folder}.receipts.json"
    with open(receipts_path, "rb") as file:
        first = file.read()
    receipts = json.loads(first)
    same("publish: a receipt for each object, naming its version",
         {(o["key"].removeprefix(f"{PREFIX}/packet-2026-10/"), o["version_id"], o["sha256"], o["mode"]) for o in receipts["objects"]},
         {(path, head["VersionId"], sha(true[path]), "GOVERNANCE") for path, head in stored.items()})
    same("publish: receipts name the packet", receipts["tagmanifest_sha256"], sha(true["tagmanifest-sha256.txt"]))
    kept = content(f"{workspace.path}/evidence/receipts")
    same("publish: the store keeps them as well", list(kept.values()), [first])
    done = workspace.run("verify", "evidence")
    check("publish: the store still verifies", done.returncode == 0, done.stdout + done.stderr)

    # Again: nothing new. With a file gone: that file alone.
    before = versions(s3)
    code, said, error = publish(workspace, folder, url)
    check("publish: a repetition uploads nothing", code == 0 and said.get("uploaded") == 0 and said.get("kept") == len(true), f"{said} {error}")
    same("publish: a repetition changes nothing", versions(s3), before)
    with open(receipts_path, "rb") as file:
        check("publish: the same receipts", file.read() == first)
    gone = f"{PREFIX}/packet-2026-10/data/packet.html"
    s3.delete_object(Bucket=BUCKET, Key=gone)
    code, said, error = publish(workspace, folder, url)
    check("publish: a broken publication goes on", code == 0 and said.get("uploaded") == 1 and said.get("kept") == len(true) - 1, f"{said} {error}")

    publish(workspace, shop.packet(f"{base}/packet-2026-09", "2026-09"), url)
    counts = json.loads(true["data/assessment.json"])["summary"]
    state = f"{counts['fail']} fail ({counts['waived']} of them under a waiver), {counts['no_evidence']} lack evidence"
    head = next(line.split(": ")[1] for line in true["bag-info.txt"].decode().splitlines() if line.startswith("Backproof-Store-Head"))
    page = s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}/index.html")
    text = page["Body"].read().decode()
    same("publish: the index is a page", page["ContentType"], "text/html; charset=utf-8")
    for part in ("packet-2026-10/data/packet.html", "packet-2026-09/data/packet.html", "hipaa soc2", head, state,
                 sha(true["tagmanifest-sha256.txt"]), "packet-2026-10.receipts.json", "Example &lt;b&gt;Robotics"):
        check(f"publish: the index says {part}", part in text, text[-3000:])
    check("publish: newest first", text.find("packet-2026-10/") < text.find("packet-2026-09/"))


def refusals(base: str, shop: Workshop, url: str, s3):
    workspace = Workspace(base, "", **credentials())
    folder = shop.packet(f"{base}/packet-refused", "2026-08")
    before = versions(s3)

    def refused(name: str, end: int, word: str, *more: str, **where: str):
        code, _, error = publish(workspace, where.get("folder", folder), where.get("url", url), *more, target=where.get("target", f"s3://{BUCKET}/{PREFIX}"))
        check(f"publish refuses {name}", code == end and word in error, f"{code}: {error}")

    refused("a bucket without Object Lock", 1, "no Object Lock", target="s3://acme-open/x")
    refused("a bucket that is not there", 1, "404", target="s3://acme-nowhere/x")
    refused("plain http to another machine", 1, "https", url="http://192.0.2.1:9")
    refused("what is no place", 2, "s3://bucket", target="acme-audit")
    refused("what is no packet", 2, "no packet", folder=base)
    refused("no time at all", 2, "longer than nothing", "--retain", "P0D")
    damages = {"changed": lambda f: (os.chmod(f"{f}/data/packet.html", 0o644), open(f"{f}/data/packet.html", "ab").write(b" ")),
               "missing": lambda f: os.remove(f"{f}/data/packet.xlsx"),
               "planted": lambda f: open(f"{f}/data/more", "w").close(), "link": lambda f: os.symlink("/etc/hostname", f"{f}/data/link")}
    for name, damage in damages.items():
        other = shutil.copytree(folder, f"{base}/packet-{name}")
        damage(other)
        code, _, error = publish(workspace, other, url)
        check(f"publish refuses a packet with a file {name}", code == 5, f"{code}: {error}")
    same("publish: a refusal stores nothing", versions(s3), before)
    other = shop.packet(f"{base}/elsewhere/packet-2026-10", "2026-10", "--seed", "another")
    before = versions(s3)
    code, _, error = publish(workspace, other, url)
    check("publish refuses another packet of the same name", code == 1 and "other bytes" in error, f"{code}: {error}")
    lost = {v for v in before if v not in versions(s3)}
    check("publish: what was there stays", bool(before) and not lost, str(lost))


def strengthened(base: str, shop: Workshop, url: str, s3):
    """What was uploaded by somebody without a lock gets one; a slow one becomes fast, and longer where that is asked."""
    workspace = Workspace(base, "", **credentials())
    folder = shop.packet(f"{base}/packet-2026-07", "2026-07")
    prefix = f"{PREFIX}/packet-2026-07/"
    for path, data in content(folder).items():
        s3.put_object(Bucket=BUCKET, Key=prefix + path, Body=data, ChecksumAlgorithm="SHA256", ChecksumSHA256=base64.b64encode(hashlib.sha256(data).digest()).decode())
    before = versions(s3)
    code, said, error = publish(workspace, folder, url, "--retain", "P1Y")
    check("publish: what has no lock is locked", code == 0 and said.get("locked") == len(content(folder)) and said.get("uploaded") == 0, f"{said} {error}")
    code, said, error = publish(workspace, folder, url, "--retain", "P2Y", "--mode", "compliance")
    head = s3.head_object(Bucket=BUCKET, Key=prefix + "data/packet.xlsx")
    left = head["ObjectLockRetainUntilDate"] - datetime.now(timezone.utc)
    check("publish: a lock becomes faster and longer", code == 0 and head["ObjectLockMode"] == "COMPLIANCE" and left > timedelta(days=729), f"{head} {error}")
    code, said, error = publish(workspace, folder, url)
    check("publish: and never slower", code == 0 and said.get("kept") == len(content(folder)), f"{said} {error}")
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/packet-unknown/data/packet.xlsx", Body=b"somebody's")
    code, _, error = publish(workspace, shop.packet(f"{base}/packet-unknown", "2026-06"), url)
    check("publish: what cannot be compared is not replaced", code == 1 and "without a SHA-256" in error, f"{code}: {error}")
    same("publish: without a new version of any object", [v for v in versions(s3) if v[0].startswith(prefix)], [v for v in before if v[0].startswith(prefix)])


def real(base: str, shop: Workshop, url: str, s3):
    """A server that checks signatures and keeps locks."""
    folder = shop.packet(f"{base}/packet-real", "2026-10")
    code, said, error = publish(Workspace(base, "", **credentials("admin-key", "admin-secret")), folder, url, "--mode", "compliance", "--retain", "P1D")
    check("publish seaweedfs: done", code == 0 and said.get("uploaded") == len(content(folder)), f"{code} {said} {error}")
    if code == 0:
        key = f"{PREFIX}/packet-real/data/packet.html"
        version = s3.head_object(Bucket=BUCKET, Key=key)["VersionId"]
        try:
            s3.delete_object(Bucket=BUCKET, Key=key, VersionId=version)
            check("publish seaweedfs: a locked version cannot be deleted", False)
        except s3.exceptions.ClientError as refused:
            same("publish seaweedfs: a locked version cannot be deleted", refused.response["Error"]["Code"], "AccessDenied")
    workspace = Workspace(base, "", **credentials("auditor-key", SECRET))
    code, _, error = publish(workspace, shop.packet(f"{base}/packet-denied", "2026-10"), url)
    check("publish seaweedfs: who may not write is told what is missing", code == 1 and "s3:" in error, f"{code}: {error}")
    workspace = Workspace(base, "", **credentials("admin-key", "wrong-secret"))
    code, _, error = publish(workspace, folder, url)
    check("publish seaweedfs: a wrong signature stores nothing", code == 1 and "wrong-secret" not in error, f"{code}: {error}")
