"""AWS Backup: AWS's own CLI and backproof ask the same fake.

Proves that the fake gives nothing that AWS's service model does not know, that the CLI reads all of it over pages, and
that backproof's live rows are those that it reads from the CLI's output, and say what the fake holds: states, times,
sizes, locks, validations. Then regions, an assumed role, refusals, and secrets that must not reach the store.
"""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import aws_backup_data
from aws_servers import credentials
from fake_aws_backup import KEY, ROLE_SECRET, ROLE_TOKEN, SECRET, FakeBackup, error
from harness import check, instant
from live import VENV, Reply, Workspace, by, environment, same, there

CLI = os.path.join(os.path.dirname(__file__), "aws_cli.py")
CREDENTIALS = credentials(KEY, SECRET)
LINEAGE = {"row_id", "source_id", "evidence", "pointer", "observed_at", "source_record_id", "first_seen_at", "last_seen_at"}


def period() -> str:
    today = datetime.now(timezone.utc).date()
    return f"{today - timedelta(days=450)}..{today + timedelta(days=2)}"


def aws(home: str, url: str, commands: dict[str, tuple[str, ...]]) -> dict[str, subprocess.CompletedProcess]:
    """What AWS's CLI says to each command."""
    words = [["--endpoint-url", url, "--output", "json", "backup", *command] for command in commands.values()]
    env = environment(home, **CREDENTIALS, AWS_DEFAULT_REGION="us-east-1")
    done = subprocess.run([sys.executable, "-B", CLI], input=json.dumps(words), env=env, capture_output=True, text=True, timeout=180, check=True)
    return {name: subprocess.CompletedProcess(commands[name], *said) for name, said in zip(commands, json.loads(done.stdout))}


def source(url: str, more: str = "") -> str:
    return f'[sources.aws-backup.main]\nregions = ["us-east-1"]\nurl = "{url}"\npatience = "PT20S"\ntimeout = "PT10S"\n{more}'


def tables(workspace: Workspace) -> dict[str, dict]:
    keys = {"runs": "run_id", "recovery-points": "recovery_point_id", "restore-tests": "test_id", "storage": "location_id", "assets": "asset_id"}
    return {t: by(workspace.show(t, period()), key) for t, key in keys.items()}


def test(root):
    if not there("AWS's CLI", f"{VENV}/bin/aws"):
        return
    base = os.path.join(root, "aws-backup")
    os.makedirs(base)
    with FakeBackup(most=7) as fake:
        data = fake.regions["us-east-1"]
        folder = os.path.join(base, "cli")
        os.makedirs(folder)
        validate(base, folder, fake, data)
        same("aws-backup fake: nothing that AWS's model does not know", fake.wrong, [])
        saved = Workspace(base, f"[sources.aws-backup.main]\npath = {json.dumps(folder)}\n").collect()
        check("aws-backup cli output: collected", saved.code == 0, saved.output)
        offline = tables(saved)
        truth("cli output", data, offline)
        before = len(fake.requests)
        workspace = Workspace(base, source(fake.url), **CREDENTIALS).collect()
        asked = fake.requests[before:]
        check("aws-backup live: collected whole", workspace.code == 0, workspace.output)
        live = tables(workspace)
        truth("live", data, live)
        compare(offline, live)
        writes = [f"{r.method} {r.path}" for r in asked if r.method != "GET" and b"Action=GetCallerIdentity" not in r.body]
        check("aws-backup live: reads only", bool(asked) and not writes, str(writes))
        check("aws-backup live: asks as AWS's model says", bool(asked) and not fake.wrong, str(fake.wrong))
        check("aws-backup live: says whose account it read", aws_backup_data.ACCOUNT in json.dumps(workspace.source().get("identity")), str(workspace.source().get("identity")))
        same("aws-backup live: secret in the store", workspace.holding(SECRET), [])
    regions(base)
    refusals(base)


def validate(base: str, folder: str, fake: FakeBackup, data: dict):
    """The CLI reads every list to its end, over pages of seven; its output is kept as somebody would keep it."""
    asked = {"list-backup-jobs": (), "list-copy-jobs": (), "list-restore-jobs": (), "list-protected-resources": (), "list-backup-vaults": (),
             "list-backup-plans": (), "list-restore-testing-plans": ()}
    asked = {name: (name, *words) for name, words in asked.items()}
    for vault in ("compliance", "plain"):
        asked[f"points-{vault}"] = ("list-recovery-points-by-backup-vault", "--backup-vault-name", vault)
    for plan in data["plans"]:
        asked[f"plan-{plan['BackupPlanId']}"] = ("get-backup-plan", "--backup-plan-id", plan["BackupPlanId"])
        for id in plan["selections"]:
            asked[f"selection-{id}"] = ("get-backup-selection", "--backup-plan-id", plan["BackupPlanId"], "--selection-id", id)
    asked["failed-jobs"] = ("list-backup-jobs", "--by-state", "FAILED", "--by-created-after", "2020-01-01T00:00:00Z")
    asked["no-vault"] = ("describe-backup-vault", "--backup-vault-name", "nothing")
    asked["no-plan"] = ("get-backup-plan", "--backup-plan-id", "nothing")
    said = aws(base, fake.url, asked)
    for name, code in (("no-vault", "AccessDeniedException"), ("no-plan", "ResourceNotFoundException")):
        done = said.pop(name)
        check(f"aws cli: {name}", done.returncode != 0 and code in done.stderr, done.stderr)
    failed = json.loads(said.pop("failed-jobs").stdout)["BackupJobs"]
    same("aws cli: filters", [j["BackupJobId"] for j in failed], [j["BackupJobId"] for j in data["jobs"] if j["State"] == "FAILED"])
    for name, done in said.items():
        check(f"aws cli: {name}", done.returncode == 0, done.stderr)
        with open(os.path.join(folder, f"{name}.json"), "w", encoding="utf-8") as file:
            file.write(done.stdout)
    listed = {"list-backup-jobs": ("BackupJobs", "BackupJobId", [j for j in data["jobs"] if j["CreationDate"] > fake.now - 30 * aws_backup_data.DAY]),
              "list-copy-jobs": ("CopyJobs", "CopyJobId", data["copies"]), "list-restore-jobs": ("RestoreJobs", "RestoreJobId", data["restores"]),
              "list-protected-resources": ("Results", "ResourceArn", data["resources"]), "list-backup-vaults": ("BackupVaultList", "BackupVaultName", data["vaults"]),
              "points-compliance": ("RecoveryPoints", "RecoveryPointArn", [p for p in data["points"] if p["BackupVaultName"] == "compliance"])}
    for name, (key, id, true) in listed.items():
        seen = json.loads(said[name].stdout)[key]
        same(f"aws cli: {name} is whole", [i[id] for i in seen], [i[id] for i in true])
        times = [(i.get("CreationDate"), t.get("CreationDate")) for i, t in zip(seen, true)]
        off = [(s, t) for s, t in times if t is not None and abs(moment(s) - t) > 0.001]
        same(f"aws cli: times of {name}", off, [])


def moment(value: float | str) -> float:
    return value if isinstance(value, (int, float)) else datetime.fromisoformat(value).timestamp()


STATES = {"COMPLETED": "success", "PARTIAL": "partial", "FAILED": "failed", "ABORTED": "aborted", "EXPIRED": "expired", "RUNNING": "running",
          "ABORTING": "running", "CREATED": "pending", "PENDING": "pending"}
RESULTS = {("COMPLETED", None): ("success", None), ("COMPLETED", "SUCCESSFUL"): ("success", "pass"), ("COMPLETED", "FAILED"): ("failed", "fail"),
           ("COMPLETED", "TIMED_OUT"): ("partial", None), ("COMPLETED", "VALIDATING"): ("partial", None), ("FAILED", None): ("failed", None),
           ("ABORTED", None): ("aborted", None), ("RUNNING", None): ("running", None), ("PENDING", None): ("running", None)}


def at(epoch: float | None):
    return None if epoch is None else datetime.fromtimestamp(int(epoch), timezone.utc)


def truth(form: str, data: dict, shown: dict[str, dict]):
    """Every job, restore and vault of the data, as a person would judge it."""
    def run(id: str, true: dict):
        row = shown["runs"].get(id, {})
        same(f"aws-backup {form}: run {id}", {k: instant(row.get(k)) if k.endswith("_at") else row.get(k) for k in true}, true)
    recent = [j for j in data["jobs"] if j["CreationDate"] > data["jobs"][0]["CreationDate"] - 28 * aws_backup_data.DAY]
    for job in recent:
        issues = job.get("MessageCategory") == "VSS_ERROR"
        unfilled = job["ResourceType"] == "Aurora"
        run(job["BackupJobId"], {"status": "partial" if issues else STATES[job["State"]], "started_at": at(job["CreationDate"]), "ended_at": at(job.get("CompletionDate")),
                                 "bytes": None if unfilled else job["BackupSizeInBytes"], "resource": f"aws-backup:{job['ResourceArn']}", "encrypted": True,
                                 "recovery_point_id": job.get("RecoveryPointArn"), "location_id": f"aws-backup:{job['BackupVaultArn']}"})
    for job in data["copies"]:
        run(job["CopyJobId"], {"status": STATES[job["State"]], "started_at": at(job["CreationDate"]), "ended_at": at(job.get("CompletionDate")),
                               "recovery_point_id": job.get("DestinationRecoveryPointArn"), "location_id": f"aws-backup:{job['DestinationBackupVaultArn']}"})
    for job in data["restores"]:
        row = shown["restore-tests"].get(job["RestoreJobId"], {})
        result, integrity = RESULTS[job["Status"], job.get("ValidationStatus")]
        seen = {"result": row.get("result"), "integrity": row.get("integrity_result"), "begin": instant(row.get("started_at")), "end": instant(row.get("ended_at")),
                "point": row.get("recovery_point_id"), "scheduled": row.get("trigger") == "scheduled"}
        true = {"result": result, "integrity": integrity, "begin": at(job["CreationDate"]), "end": at(job.get("CompletionDate")), "point": job["RecoveryPointArn"],
                "scheduled": "CreatedBy" in job}
        same(f"aws-backup {form}: restore {job['RestoreJobId']}", seen, true)
    locks = {"plain": "none", "governance": "governance", "compliance": "compliance", "not-yet": "governance", "airgap": "compliance"}
    seen = {id.rsplit(":", 1)[1]: row["immutability"] for id, row in shown["storage"].items()}
    same(f"aws-backup {form}: locks of vaults", seen, locks)
    points = {p["RecoveryPointArn"]: p for p in data["points"]}
    same(f"aws-backup {form}: recovery points", {i for i in shown["recovery-points"] if ":copyjob-" not in i} >= set(points), True)
    wrong = [i for i, p in points.items() if (r := shown["recovery-points"].get(i, {})) and (
        instant(r["expires_at"]) != at(p["CalculatedLifecycle"]["DeleteAt"]) or instant(r["taken_at"]) != at(p["CreationDate"]))]
    check(f"aws-backup {form}: times of recovery points", bool(shown["recovery-points"]) and not wrong, str(wrong))
    never = [i for i, p in points.items() if p["Status"] in ("EXPIRED", "DELETING", "CREATING") and shown["recovery-points"].get(i, {}).get("good")]
    check(f"aws-backup {form}: no good point that is none", bool(shown["recovery-points"]) and not never, str(never))
    plain = [i for i, p in points.items() if not p["IsEncrypted"]]
    same(f"aws-backup {form}: an unencrypted point", [shown["recovery-points"].get(i, {}).get("encrypted") for i in plain], [False])
    assets = {f"aws-backup:{r['ResourceArn']}" for r in data["resources"]}
    check(f"aws-backup {form}: protected resources", assets <= set(shown["assets"]), str(sorted(shown["assets"])))


def compare(offline: dict[str, dict], live: dict[str, dict]):
    """What is asked and what the CLI printed are two ways to one reader: rows differ in lineage only."""
    for table, rows in offline.items():
        missing = sorted(set(rows) - set(live[table]))
        check(f"aws-backup: {table} of the CLI's output are all there", bool(rows) and not missing, str(missing))
        for id, row in rows.items():
            other = live[table].get(id, {})
            differs = {k: (v, other.get(k)) for k, v in row.items() if k not in LINEAGE and other.get(k) != v}
            check(f"aws-backup: {table} {id} as of the CLI's output", not differs, str(differs))


def regions(base: str):
    """Each region is asked; one that has nothing is no fault. A role is assumed, and its keys stay out of the store."""
    with FakeBackup() as fake:
        role = 'role_arn = ["arn:aws:iam::123456789012:role/audit"]\n'
        both = source(fake.url, role).replace('["us-east-1"]', '["us-east-1", "eu-west-1"]')
        workspace = Workspace(base, both, **CREDENTIALS).collect()
        check("aws-backup regions: collected whole", workspace.code == 0, workspace.output)
        asked = {r.headers.get("authorization", "").split("/")[2] for r in fake.requests if r.path.startswith("/backup-jobs")}
        same("aws-backup regions: each is asked", asked, {"us-east-1", "eu-west-1"})
        check("aws-backup role: is assumed", any(b"Action=AssumeRole" in r.body for r in fake.requests), "never")
        keys = {r.headers["authorization"].split("Credential=")[1].split("/")[0] for r in fake.requests if r.path.startswith("/backup-jobs")}
        same("aws-backup role: its key asks", {k[:4] for k in keys}, {"ASIA"})
        for name, secret in (("secret key", SECRET), ("secret key of the role", ROLE_SECRET), ("session token", ROLE_TOKEN)):
            same(f"aws-backup role: {name} in the store", workspace.holding(secret), [])


def refusals(base: str):
    def case(name: str, path: str, reply: Reply, times: int = 10**6) -> Workspace:
        with FakeBackup() as fake:
            fake.fault(path, reply, times)
            return Workspace(base, source(fake.url), **CREDENTIALS).collect()

    for name, path, reply in (
            ("may not list jobs", "/backup-jobs", error(403, "AccessDeniedException", "User is not authorized to perform backup:ListBackupJobs")),
            ("answers a page of HTML", "/restore-jobs", Reply(404, b"<!doctype html><title>404 Not Found</title>", {"Content-Type": "text/html"})),
            ("answer is cut", "/backup-vaults", Reply(200, {"BackupVaultList": []}, cut=5))):
        workspace = case(name, path, reply)
        status = workspace.source().get("status")
        check(f"aws-backup {name}: not complete", workspace.code == 4 and status in ("incomplete", "failed"), f"{status}: {workspace.output}")
        same(f"aws-backup {name}: secret in the store", workspace.holding(SECRET), [])
    denied = case("others go on", "/backup-jobs", error(403, "AccessDeniedException", "no"))
    check("aws-backup may not list jobs: the rest is read", len(denied.show("restore-tests", period())) == 11, denied.output)
    slow = case("throttled", "/restore-jobs", error(400, "ThrottlingException", "Rate exceeded"), 1)
    check("aws-backup throttled once: asked again, whole", slow.code == 0 and len(slow.show("restore-tests", period())) == 11, slow.output)
    with FakeBackup() as fake:
        fake.regions["us-east-1"]["vaults"][0]["NumberOfRecoveryPoints"] = 3
        short = Workspace(base, source(fake.url), **CREDENTIALS).collect()
        check("aws-backup a list shorter than its vault's count: not complete", short.code == 4 and short.source().get("status") == "incomplete", short.output)
    with FakeBackup() as fake:
        wrong = Workspace(base, source(fake.url), **CREDENTIALS | {"AWS_ACCESS_KEY_ID": "AKIAWRONG"}).collect()
        check("aws-backup unknown key: failed", wrong.code == 4 and wrong.source().get("status") == "failed", wrong.output)
    with FakeBackup() as fake:
        none = Workspace(base, source(fake.url), **{k: v for k, v in CREDENTIALS.items() if "KEY" not in k}).collect()
        check("aws-backup no credentials: failed, and says so", none.code == 4 and "credential" in none.output.lower(), none.output)
