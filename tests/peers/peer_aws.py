"""S3 and RDS: moto, which knows every setting, and SeaweedFS, which checks signatures and refuses.

Proves that backproof reads buckets, objects and databases as the client that set them up left them; that what may not
be read is unknown and not "off"; that a wrong signature fails the source; and that evidence read from `s3://` gives the
rows that the same folder on disk gives.
"""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import aws_seed
from aws_servers import MOTO, SECRET, WEED, credentials, moto, weed
from harness import check, instant
from live import Loopback, Reply, Request, Workspace, by, same, there
from peer_aws_backup import LINEAGE, period, source

SAMPLES = os.path.join(os.path.dirname(__file__), "..", "samples")


def buckets(url: str, names: list[str], more: str = "") -> str:
    return (f'[sources.s3.backups]\nbuckets = {json.dumps(names)}\nregion = "us-east-1"\nurl = "{url}"\n'
            f'patience = "PT3S"\ntimeout = "PT20S"\n{more}')


def instances(url: str, more: str = "") -> str:
    return f'[sources.rds.databases]\nregions = ["us-east-1"]\nurl = "{url}"\npatience = "PT3S"\n{more}'


def test(root):
    if not there("moto and SeaweedFS", MOTO, WEED):
        return
    base = os.path.join(root, "aws")
    os.makedirs(base)
    with moto(base) as (_, url):
        s3 = aws_seed.client("s3", url)
        settings(base, url, s3)
        databases(base, url)
        moto_knows_no_jobs(base, url)
    with weed(base) as (_, url):
        s3 = aws_seed.client("s3", url, "admin-key", "admin-secret")
        seaweed(base, url, s3)
    not_implemented(base)


# What was set is what is read.

def wrong_settings(true: dict[str, dict], rows: dict[str, dict]) -> dict[str, dict]:
    out = {}
    for name, settings in true.items():
        row = rows.get(f"s3:{name}", {})
        differs = {k: (row.get(k), v) for k, v in settings.items() if row.get(k) != v}
        if differs or not row:
            out[name] = differs
    return out


def settings(base: str, url: str, s3):
    true = aws_seed.buckets(s3)
    names = [n for n in true if "/" not in n]
    sizes = aws_seed.objects(s3, "acme-backups")
    aws_seed.objects(s3, "acme-plain", 3)
    folder = os.path.join(base, "cli")
    os.makedirs(folder)
    aws_seed.export(s3, names, folder)
    saved = Workspace(base, f"[sources.s3.backups]\npath = {json.dumps(folder)}\n").collect()
    check("s3 cli output: collected", saved.code in (0, 4), saved.output)
    same("s3 cli output: settings", wrong_settings(true, by(saved.show("storage", period()), "location_id")), {})
    objects("cli output", s3, sizes, saved)

    live = Workspace(base, buckets(url, names), **credentials()).collect()
    check("s3 moto: collected", live.code in (0, 4) and bool(live.manifest()), live.output)
    rows = by(live.show("storage", period()), "location_id")
    for name in true:
        same(f"s3 moto: settings of {name}", wrong_settings({name: true[name]}, rows), {})
    # moto answers the question whether a policy is public with a listing: no bucket may be called closed or open for that.
    strict = rows.get("s3:acme-strict", {})
    check("s3 moto: an answer that can't be read leaves it open", "public_access" in strict and strict["public_access"] is None, str(strict.get("public_access")))
    objects("moto", s3, sizes, live)
    check("s3 moto: the second time, the same", again(live, rows), live.output)


def again(workspace: Workspace, rows: dict[str, dict]) -> bool:
    workspace.collect()
    second = by(workspace.show("storage", period()), "location_id")
    return bool(rows) and {n: {k: v for k, v in r.items() if k not in LINEAGE} for n, r in second.items()} == \
        {n: {k: v for k, v in r.items() if k not in LINEAGE} for n, r in rows.items()}


def objects(form: str, s3, sizes: dict[str, int], workspace: Workspace):
    """Every version, with its size and the second at which it was stored."""
    versions = s3.list_object_versions(Bucket="acme-backups")["Versions"]
    true = {f"acme-backups/{v['Key']}": (v["Size"], v["LastModified"].replace(microsecond=0)) for v in versions}
    same(f"s3 {form}: as many versions as were stored", len(true), len(sizes))
    rows = [r for r in workspace.show("recovery-points", period()) if r["recovery_point_id"].startswith("acme-backups/")]
    seen = {r["recovery_point_id"].rsplit("@", 1)[0]: (r["bytes"], instant(r["created_at"])) for r in rows}
    same(f"s3 {form}: objects", seen, true)
    empty = [r["recovery_point_id"] for r in rows if r["bytes"] == 0 and (r["good"] or r["complete"])]
    check(f"s3 {form}: an empty object is no good point", bool(rows) and not empty, str(empty))


def databases(base: str, url: str):
    rds = aws_seed.client("rds", url)
    true = aws_seed.databases(rds)
    workspace = Workspace(base, instances(url), **credentials()).collect()
    check("rds: collected", workspace.code in (0, 4) and bool(workspace.manifest()), workspace.output)
    runs = by(workspace.show("runs", period()), "run_id")
    points = by(workspace.show("recovery-points", period()), "recovery_point_id")
    snapshots = {s["DBSnapshotArn"]: s for s in rds.describe_db_snapshots()["DBSnapshots"]}
    same("rds: every snapshot, and no other", set(runs), set(snapshots))
    for arn, s in snapshots.items():
        row, point = runs.get(arn, {}), points.get(arn, {})
        seen = (row.get("status"), row.get("trigger"), point.get("encrypted"), instant(point.get("created_at")), instant(point.get("taken_at")))
        stored = tuple(s[k].replace(microsecond=0) for k in ("SnapshotCreateTime", "OriginalSnapshotCreateTime"))
        kind = {"automated": "scheduled", "manual": "manual"}[s["SnapshotType"]]
        same(f"rds: snapshot {s['DBSnapshotIdentifier']}", seen, ("success", kind, s["Encrypted"], *stored))
    storage = {row["location_id"].rsplit(":", 1)[1]: row for row in workspace.show("storage", period())}
    same("rds: encryption of instances", {n: r["encryption_default"] for n, r in storage.items()}, {n: s["StorageEncrypted"] for n, s in true.items()})
    assets = {row["asset_id"].rsplit(":", 1)[1]: row for row in workspace.show("assets", period())}
    same("rds: instances", set(assets), set(true))
    same("rds: password in the store", workspace.holding(aws_seed.PASSWORD), [])


def moto_knows_no_jobs(base: str, url: str):
    """moto answers lists of jobs with 404 and a page of HTML: the source is not whole, and what can be read is there."""
    aws_seed.client("backup", url).create_backup_vault(BackupVaultName="acme")
    workspace = Workspace(base, source(url), **credentials()).collect()
    check("aws-backup moto: not whole", workspace.code == 4, workspace.output)
    vaults = [row["location_id"].rsplit(":", 1)[1] for row in workspace.show("storage", period())]
    same("aws-backup moto: vaults are read all the same", vaults, ["acme"])


# A server that checks who asks.

def seaweed(base: str, url: str, s3):
    until(lambda: s3.create_bucket(Bucket="acme-real", ObjectLockEnabledForBucket=True), "SeaweedFS takes a bucket")
    s3.put_object_lock_configuration(Bucket="acme-real", ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}})
    keys = dumps(s3, "acme-real")
    s3.create_bucket(Bucket="acme-files")
    s3.put_bucket_encryption(Bucket="acme-real", ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]})
    administrator = credentials("admin-key", "admin-secret")

    workspace = Workspace(base, buckets(url, ["acme-real"]), **administrator).collect()
    check("s3 seaweedfs: collected", workspace.code in (0, 4) and bool(workspace.manifest()), workspace.output)
    row = by(workspace.show("storage", period()), "location_id").get("s3:acme-real", {})
    same("s3 seaweedfs: settings", {k: row.get(k) for k in ("default_cipher", "versioning", "immutability")},
         {"default_cipher": "AES256", "versioning": True, "immutability": "compliance"})
    seen = {r["recovery_point_id"].rsplit("@", 1)[0].removeprefix("acme-real/"): r["bytes"] for r in workspace.show("recovery-points", period())}
    same("s3 seaweedfs: objects", seen, {key: n for n, key in enumerate(keys[:20])})

    auditor = credentials("auditor-key", SECRET)
    workspace = Workspace(base, buckets(url, ["acme-real"]), **auditor).collect()
    row = by(workspace.show("storage", period()), "location_id").get("s3:acme-real", {})
    check("s3 seaweedfs: what may not be read is unknown", bool(row) and row.get("encryption_default") is None and row.get("immutability") is None, str(row))
    same("s3 seaweedfs: what may be read is known", row.get("versioning"), True)
    check("s3 seaweedfs: the auditor is told what is missing", workspace.code == 4 and "AccessDenied" in json.dumps(workspace.source()), workspace.output)
    same("s3 seaweedfs: secret in the store", workspace.holding(SECRET), [])

    workspace = Workspace(base, buckets(url, ["acme-real"]), **credentials("admin-key", "wrong-secret")).collect()
    status = workspace.source().get("status")
    check("s3 seaweedfs: a wrong signature is no answer", workspace.code == 4 and status in ("failed", "incomplete"), f"{status}: {workspace.output}")
    check("s3 seaweedfs: a wrong signature gives no object", bool(workspace.manifest()) and not workspace.show("recovery-points", period()), workspace.output)

    missing = Workspace(base, buckets(url, ["acme-nowhere"]), **administrator).collect()
    check("s3 seaweedfs: a bucket that is not there", missing.code == 4 and "acme-nowhere" in missing.output, missing.output)

    long_list(base, url, s3, keys, administrator)
    archives(base, url, s3, administrator)
    folders(base, url, s3, administrator)


def dumps(s3, bucket: str) -> list[str]:
    """Twenty objects, the nth n bytes long; answers more keys than a page holds, whose first twenty they are."""
    keys = [f"hourly/{n:04d}/dump-{n:05d}.sql" for n in range(1100)]
    # After an empty first object it waits half a minute for its volumes.
    for n in [*range(1, 20), 0]:
        aws_seed.put(s3, bucket, keys[n], aws_seed.content(keys[n], n))
    return keys


def until(ready, what: str, seconds: int = 30):
    """The port is open before everything behind it is ready."""
    limit = time.monotonic() + seconds
    while True:
        try:
            return ready()
        except Exception as refused:
            if time.monotonic() > limit:
                raise TimeoutError(f"{what}: {refused}") from refused
            time.sleep(0.3)


def long_list(base: str, url: str, s3, keys: list[str], administrator: dict[str, str]):
    """More objects than one page holds."""
    s3.create_bucket(Bucket="acme-long")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: aws_seed.put(s3, "acme-long", key, b"x"), keys))
    workspace = Workspace(base, buckets(url, ["acme-long"]), **administrator).collect()
    seen = {r["recovery_point_id"].rsplit("@", 1)[0].removeprefix("acme-long/") for r in workspace.show("recovery-points", period())}
    check("s3 seaweedfs: a list over pages", seen == set(keys), f"{len(seen)} of {len(keys)}")
    # The same bucket through an inventory, as S3 would write it: it lists, and nobody lists again.
    s3.create_bucket(Bucket="acme-inventory")
    where = aws_seed.inventory(s3, "acme-long", "acme-inventory", "inv/")
    text = buckets(url, []).replace("buckets = []", f"inventory = [{json.dumps(where)}]")
    workspace = Workspace(base, text, **administrator).collect()
    listed = {r["recovery_point_id"].rsplit("@", 1)[0].removeprefix("acme-long/") for r in workspace.show("recovery-points", period())}
    check("s3 seaweedfs: an inventory in place of the list", listed == set(keys), f"{len(listed)} of {len(keys)}: {workspace.output}")


def archives(base: str, url: str, s3, administrator: dict[str, str]):
    """Buckets that hold archives of PostgreSQL: base backups by name, segments no backups of their own."""
    for name in ("acme-wal-g", "acme-pgbackrest"):
        s3.create_bucket(Bucket=name)
    wal_g = aws_seed.wal_g(s3, "acme-wal-g", "main/"), f"base_{aws_seed.segment(1, 14)}"
    for bucket, (backups, cut) in (("acme-wal-g", wal_g), ("acme-pgbackrest", aws_seed.pgbackrest(s3, "acme-pgbackrest", "repo/"))):
        workspace = Workspace(base, buckets(url, [bucket]), **administrator).collect()
        points = workspace.show("recovery-points", period())
        named = {b for b in backups for p in points if b in p["recovery_point_id"].replace("@", "/").split("/")}
        same(f"s3 {bucket}: base backups", named, backups)
        check(f"s3 {bucket}: they and no other point", bool(points) and len(points) <= len(backups) + 1, str([p["recovery_point_id"] for p in points]))
        good = [p["recovery_point_id"] for p in points if cut in p["recovery_point_id"] and p["good"]]
        check(f"s3 {bucket}: a backup without its end is no good point", bool(points) and not good, str(good))


def folders(base: str, url: str, s3, administrator: dict[str, str]):
    """The same evidence on disk and in a bucket: the same rows."""
    for kind in ("pgbackrest", "restic", "borg"):
        path = os.path.realpath(os.path.join(SAMPLES, kind))
        count = aws_seed.folder(s3, "acme-files", f"drop/{kind}/", path)
        check(f"s3 folder: {kind} is uploaded", count > 5, str(count))
        disk = Workspace(base, f"[sources.{kind}.one]\npath = {json.dumps(path)}\n").collect()
        text = f'[sources.{kind}.one]\npath = "s3://acme-files/drop/{kind}/"\nurl = "{url}"\nregion = "us-east-1"\n'
        cloud = Workspace(base, text, **administrator).collect()
        check(f"s3 folder: {kind} collected alike", disk.code == cloud.code and bool(cloud.manifest()), f"{disk.code} and {cloud.code}: {cloud.output}")
        for table in ("runs", "recovery-points", "restore-tests"):
            seen, true = (sorted((plain(r) for r in w.show(table, "2020-01-01..2026-12-31")), key=str) for w in (cloud, disk))
            check(f"s3 folder: {kind} {table}", bool(cloud.manifest()) and bool(true or table == "restore-tests") and seen == true, f"{len(seen)} of {len(true)}: {first_difference(seen, true)}")


def plain(row: dict) -> dict:
    return {k: v for k, v in row.items() if k not in ("observed_at",)}


def first_difference(a: list[dict], b: list[dict]) -> str:
    return next((str({k: (x.get(k), y.get(k)) for k in x if x.get(k) != y.get(k)}) for x, y in zip(a, b) if x != y), "")


class Nothing(Loopback):
    """A server that lists objects and knows no setting at all, as small S3 servers do."""

    def answer(self, request: Request) -> Reply:
        headers = {"Content-Type": "application/xml"}
        if request.method == "GET" and "list-type" in request.query:
            body = ("<ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Name>acme-small</Name><Prefix/><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys>"
                    "<IsTruncated>false</IsTruncated><Contents><Key>db.dump</Key><LastModified>2026-10-01T02:00:00.000Z</LastModified><ETag>\"e\"</ETag><Size>5</Size>"
                    "<StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>")
            return Reply(200, body.encode(), headers)
        if request.method == "HEAD":
            return Reply(200, b"", headers | {"x-amz-bucket-region": "us-east-1"})
        body = "<Error><Code>NotImplemented</Code><Message>A header you provided implies functionality that is not implemented</Message></Error>"
        return Reply(501, body.encode(), headers)


def not_implemented(base: str):
    with Nothing() as server:
        workspace = Workspace(base, buckets(server.url, ["acme-small"]), **credentials()).collect()
        told = " ".join(workspace.source().get("notes") or []) + json.dumps(workspace.source().get("problems"))
        check("s3 small server: what it has not is told", all(f"get-{what}" in told for what in ("bucket-encryption", "bucket-versioning", "bucket-policy")), told)
        listed = [r["recovery_point_id"] for r in workspace.show("recovery-points", period())]
        check("s3 small server: its objects are listed", listed == ["acme-small/db.dump@2026-10-01T02:00:00Z"], str(listed))
        row = by(workspace.show("storage", period()), "location_id").get("s3:acme-small", {})
        settings = ("encryption_default", "versioning", "immutability", "public_access", "plain_access_denied", "tls_min_enforced")
        known = {k: row.get(k) for k in settings if row.get(k) is not None}
        check("s3 small server: nothing is on or off", bool(workspace.manifest()) and not known, str(known))
