#!/usr/bin/env python3
"""Writes examples/company/drop, the evidence of the sample company, and its register of monitored days.

Two kinds of files stand there. Real ones are copied byte for byte from tests/samples, with the
records of the commands that made them. Generated ones are exports in the documented formats of the
services, and the log of the company's own backup wrapper; they are computed from the tables below.
Standard library only, no clock and no randomness: the same files on every machine.

    python3 examples/generate.py
"""

import json
import shutil
from datetime import date, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent / "tests" / "samples"
DROP = HERE / "company" / "drop"
NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
UTC = timezone.utc
FIRST, LAST = date(2026, 9, 28), date(2026, 11, 21)
AWS = "123456789012"
KEY = f"arn:aws:kms:us-east-1:{AWS}:key/5c1d3a52-7d0e-4a6f-9c57-0b6a4f0f7e21"
VAULT = f"arn:aws:backup:us-east-1:{AWS}:backup-vault:prod"


def days(first=FIRST, last=LAST):
    """Every calendar day from first to last."""
    while first <= last:
        yield first
        first += timedelta(days=1)


def due(day, hour, minute, zone):
    """A wall-clock time as UTC; of a time that occurs twice the first."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=0).astimezone(UTC)


def z(at):
    """RFC 3339, whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def some(below, *parts):
    """A number that looks random and is not."""
    return int(sha256("/".join(map(str, parts)).encode()).hexdigest()[:8], 16) % below


def ident(*parts):
    """A UUID that is the same on every run."""
    h = sha256("/".join(map(str, parts)).encode()).hexdigest()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-8{h[17:20]}-{h[20:32]}"


def write(name, text):
    """One file of the drop folder."""
    path = DROP / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def write_json(name, value):
    write(name, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


# ---------------------------------------------------------------- real outputs


def real(sample, folder, wanted):
    """Copies runs of a sample with what they printed, and their records."""
    source, target = SAMPLES / sample, DROP / folder
    records = json.loads((source / "runs.json").read_text())
    kept = [r for r in records["runs"] if r["id"] in wanted]
    missing = set(wanted) - {r["id"] for r in kept}
    assert not missing, (sample, missing)
    target.mkdir(parents=True, exist_ok=True)
    names = [r[k] for r in kept for k in ("stdout", "stderr") if r.get(k)]
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
    write_json(f"{folder}/runs.json", {**records, "runs": kept})


def real_outputs():
    real("pgbackrest", "pgbackrest", [
        "01-stanza-create", "03-full", "04-diff", "05-incr", "06-full", "07a-diff-archive-command-wrong",
        "07-diff-archive-fails", "10a-full-holds-lock", "10b-incr-lock", "11-diff-dst", "12-full", "13-incr",
        "16-info-json", "19-restore",
    ])
    real("restic", "restic", ["14-check", "16-snapshots", "17-restore", "19-forget-prune", "20-snapshots-after-forget"])
    real("borg", "borg", [
        "02-create-2026-10-20", "02-create-2026-10-21", "02-create-2026-10-22", "02-create-2026-10-24",
        "03-create-dst", "04-create-after-dst", "17-check-data",
    ])
    real("borgmatic", "borgmatic", ["02-create", "03-create-verbose", "04-all", "07-check"])
    real("barman", "barman", [
        "02-backup", "03-backup-nowait", "04-backup-refused", "05b-backup-rsync-denied", "06-backup-rsync",
        "07-backup-rsync-reuse", "18-recover",
    ])
    real("pg_dump", "pg_dump", ["01-cron-dump", "02-cron-dump-dst", "11-restore-test"])
    real("aws", "rds-eu", ["08-describe-db-snapshots", "09-describe-db-instances", "10-describe-automated-backups"])
    real("aws", "s3-eu", [
        "40-get-bucket-encryption", "40-get-bucket-versioning", "40-get-bucket-lifecycle-configuration",
        "40-get-bucket-replication", "40-get-bucket-policy", "40-get-bucket-policy-status",
        "40-get-bucket-location", "40-get-public-access-block",
    ])


# ---------------------------------------------------------------- the wrapper's log


def wrapped(system, plan, component, at, seconds, size, **more):
    """One line of the wrapper's log."""
    lag = some(40, plan, at)
    row = {
        "run_id": f"{plan}-{at:%Y%m%d%H%M}",
        "system_id": system,
        "plan_id": plan,
        "component": component,
        "trigger": "scheduled",
        "scheduled_for": z(at),
        "started_at": z(at + timedelta(seconds=3 + lag)),
        "ended_at": z(at + timedelta(seconds=3 + lag + seconds)),
        "status": "success",
        "bytes": size,
        "encrypted": True,
        "cipher": "AES-256-GCM",
    }
    row["recovery_point_id"] = row["run_id"]
    row.update(more)
    return {k: v for k, v in row.items() if v is not None}


def growth(plan, day, base, daily):
    """A size that grows day by day and wavers a little."""
    return base + daily * (day - FIRST).days + some(max(daily, 2), plan, day)


# Nights of which the tool's own output is kept; the wrapper's log leaves them out.
KEPT = {
    "crm-nightly": {date(2026, 10, 12)},
    "sales-base": {date(2026, 10, d) for d in range(14, 19)},
    "mail-nightly": {date(2026, 10, d) for d in (20, 21, 22, 24)} | {date(2026, 11, d) for d in (18, 19, 20)},
    # Since 18 October restic writes to the new repository, and its own listing is the only trace.
    "fileshare-nightly": {d for d in days(date(2026, 10, 18)) if d != date(2026, 10, 21)},
}


def wrapper_log():
    rows = []
    for day in days():
        def add(system, plan, component, at, seconds, size, **more):
            if day not in KEPT.get(plan, ()):
                rows.append(wrapped(system, plan, component, at, seconds, size, **more))
        at = due(day, 2, 30, NEW_YORK)
        late = day == date(2026, 10, 9)
        add("orders-db", "orders-nightly", "full", at, 16_900 if late else 2_400 + some(300, day),
            growth("orders", day, 48_300_000_000, 61_000_000), location_id="s3:example-backups/orders",
            status_detail="the table stock_moves was being rebuilt: the copy waited for its lock" if late else None)
        add("crm-db", "crm-nightly", "logical", due(day, 2, 30, UTC), 1, 350_418 + 120 * some(40, day),
            location_id="backup01:/srv/dumps")
        add("sales-db", "sales-base", "full", due(day, 1, 0, UTC), 8, growth("sales", day, 77_600_000, 41_000),
            location_id="backup01:/srv/barman")
        add("mail", "mail-nightly", "incremental", due(day, 3, 0, BERLIN), 4, growth("mail", day, 880_000, 9_000),
            location_id="/srv/backups/borg-mail")
        add("fileshare", "fileshare-nightly", "incremental", due(day, 1, 30, UTC), 41,
            growth("fileshare", day, 1_600_000, 5_000), location_id="backup01:/srv/restic/files01")
    for month in ("2026-09", "2026-10", "2026-11"):
        part = [r for r in rows if r["scheduled_for"].startswith(month)]
        write(f"jobs/nightly-{month}.jsonl", "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in part))


def office_log():
    """The office systems' scheduler exports CSV."""
    fields = ["run_id", "system_id", "plan_id", "component", "trigger", "scheduled_for", "started_at", "ended_at",
              "status", "status_detail", "bytes", "encrypted", "cipher", "recovery_point_id", "location_id",
              "attempt_no", "retry_of"]
    rows = []
    for day in days():
        if day == date(2026, 10, 6):
            continue  # the scheduler's host was being moved; its log has a hole, and its owner says so
        jobs = [
            ("source-code", "source-mirror", "mirror", 0, 15, 420, 7_200_000_000, 3_000_000),
            ("wiki", "wiki-export", "logical", 1, 0, 190, 910_000_000, 400_000),
            ("core-network", "firewall-config", "config", 4, 0, 12, 2_350_000, 300),
            ("core-network", "switch-config", "config", 4, 10, 45, 5_810_000, 500),
        ]
        for system, plan, component, hour, minute, seconds, base, daily in jobs:
            at = due(day, hour, minute, NEW_YORK)
            row = wrapped(system, plan, component, at, seconds, growth(plan, day, base, daily),
                          location_id="s3:example-backups/office")
            if (plan, day) == ("switch-config", date(2026, 10, 19)):
                # Failed, and retried twenty minutes later.
                rows.append({**row, "status": "failed", "bytes": "", "recovery_point_id": "", "attempt_no": 1,
                             "status_detail": "sw-hall2-03: no route to host"})
                again = at + timedelta(minutes=20)
                row = {**row, "run_id": row["run_id"] + "-2", "attempt_no": 2, "retry_of": row["run_id"],
                       "trigger": "retry", "started_at": z(again), "ended_at": z(again + timedelta(seconds=51)),
                       "recovery_point_id": row["run_id"] + "-2"}
            rows.append(row)

    def cell(value):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n') else text

    lines = [",".join(fields)] + [",".join(cell(r.get(f, "")) for f in fields) for r in rows]
    write("office/scheduler.csv", "\n".join(lines) + "\n")


def plant_log():
    """The plant's export was cut while it was copied: its last line is half a record."""
    rows = []
    for day in days(date(2026, 9, 27), date(2026, 11, 15)):
        if day.weekday() == 6:
            rows.append(wrapped("plc-line1", "plc-weekly", "config", due(day, 5, 0, NEW_YORK), 380,
                                growth("plc", day, 18_400_000, 900), location_id="s3:example-backups/plant"))
    lines = [json.dumps(r) for r in rows]
    cut = lines[3]
    write("plant/controllers.jsonl", "\n".join(lines[:3]) + "\n" + cut[: len(cut) * 2 // 3])


# ---------------------------------------------------------------- Heroku

IDENTITY = {"id": ident("addon", "identity"), "name": "postgresql-angular-41873"}
QUOTES = {"id": ident("addon", "quotes"), "name": "postgresql-clear-70213"}


def addon(addon, app, plan, created):
    return {
        "id": addon["id"], "name": addon["name"],
        "addon_service": {"id": ident("service"), "name": "heroku-postgresql"},
        "plan": {"id": ident(plan), "name": f"heroku-postgresql:{plan}"},
        "app": {"id": ident(app), "name": app}, "state": "provisioned", "config_vars": ["DATABASE_URL"],
        "created_at": created, "updated_at": created,
    }


def heroku():
    def stamp(at):
        return at.strftime("%Y-%m-%d %H:%M:%S +0000")

    write_json("heroku/addons.json", [
        addon(IDENTITY, "example-identity", "advanced-2", "2025-02-11T15:20:04Z"),
        addon(QUOTES, "example-quotes", "essential-1", "2026-09-03T18:41:55Z"),
    ])
    transfers, number = [], 611

    def transfer(at, seconds):
        nonlocal number
        number += 1
        size = growth("identity", at.date(), 21_400_000_000, 18_000_000)
        end = stamp(at + timedelta(seconds=seconds))
        transfers.append({
            "uuid": ident("transfer", number), "num": number, "from_name": "DATABASE", "from_type": "pg_dump",
            "to_name": "SCHEDULED BACKUP", "to_type": "gof3r", "options": {},
            "source_bytes": size, "processed_bytes": size // 4, "succeeded": True,
            "warnings": 0, "created_at": stamp(at - timedelta(seconds=2)), "started_at": stamp(at),
            "finished_at": end, "updated_at": end, "canceled_at": None, "deleted_at": None, "purged_at": None,
            "num_keep": 25, "schedule": {"uuid": ident("schedule")},
        })

    for day in days():
        at = due(day, 2, 0, NEW_YORK) + timedelta(seconds=60 + some(60, "identity", day))
        transfer(at, 780 + some(120, day))
    write_json("heroku/example-identity/transfers.json", transfers)
    write_json("heroku/example-identity/transfer-schedules.json", [{
        "uuid": ident("schedule"), "name": "DATABASE_URL", "hour": 2, "timezone": "America/New_York",
        "days": ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
        "retain_weeks": 5, "retain_months": 0, "created_at": "2025-02-11 15:31:00 +0000", "deleted_at": None,
    }])
    # A cron job asks every ten minutes what could be restored now, and keeps each day's answers in one file.
    for day in days(date(2026, 9, 30), date(2026, 11, 2)):
        answers = []
        for n in range(144):
            at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=10 * n)
            newest = at - timedelta(seconds=35 + some(80, "lag", at))
            answers.append({
                "listed_at": z(at), "app": "example-identity",
                "database": {"addon": IDENTITY, "app": {"name": "example-identity"}, "features": {
                    "continuous_protection": {"enabled": True}, "data_encryption": {"enabled": True},
                    "rollback": {"enabled": True, "earliest_time": z(newest - timedelta(days=7)),
                                 "latest_time": z(newest)}}},
            })
        lines = ",\n".join(json.dumps(a, separators=(",", ":")) for a in answers)
        write(f"heroku/example-identity/info/{day}.json", f"[{lines}]\n")


# ---------------------------------------------------------------- AWS

RESOURCES = [
    ("fleet-db", f"arn:aws:rds:us-east-1:{AWS}:db:fleet", "RDS", (1, 0), 214_748_364_800, 0),
    ("billing-db", f"arn:aws:rds:us-east-1:{AWS}:db:billing", "RDS", (1, 30), 85_899_345_920, 0),
    ("invoices", "arn:aws:s3:::example-invoices", "S3", (3, 0), 31_600_000_000, 24_000_000),
    ("build-server", f"arn:aws:ec2:us-east-1:{AWS}:instance/i-0b7d3f1c2a9e4d650", "EC2", (3, 30), 107_374_182_400, 0),
]


def aws_record(name, command, at, stdout):
    """The record that the wrapper leaves beside an answer of the AWS CLI."""
    return {
        "id": name, "command": command, "tool": "aws", "version": "aws-cli/2.31.6", "host": "ops01", "timezone": "UTC",
        "started_at": z(at), "finished_at": z(at + timedelta(seconds=4)), "exit_code": 0, "stdout": stdout,
    }


def record(name, command, at):
    file = name.rsplit("/", 1)[1]
    write_json(f"{name}.run.json", aws_record(file, command, at, f"{file}.json"))


def aws():
    def iso(at):
        return at.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00")

    jobs, points = [], []
    listed = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    for system, arn, kind, (hour, minute), base, daily in RESOURCES:
        for day in days():
            at = due(day, hour, minute, NEW_YORK) + timedelta(seconds=some(240, arn, day))
            end = at + timedelta(seconds=600 + some(600, "took", arn, day))
            failed = (system, day) == ("build-server", date(2026, 10, 22))
            size = growth(arn, day, base, daily) if daily else base
            job = ident("job", arn, day).upper()
            point = f"arn:aws:backup:us-east-1:{AWS}:recovery-point:{job}"
            if kind == "RDS":
                point = f"arn:aws:rds:us-east-1:{AWS}:snapshot:awsbackup:job-{job.lower()}"
            jobs.append({
                "AccountId": AWS, "BackupJobId": job, "BackupVaultName": "prod", "BackupVaultArn": VAULT,
                **({} if failed else {"RecoveryPointArn": point}), "EncryptionKeyArn": KEY, "IsEncrypted": True,
                "ResourceArn": arn, "ResourceType": kind, "ResourceName": system,
                "CreationDate": iso(at), "CompletionDate": iso(end), "State": "FAILED" if failed else "COMPLETED",
                "StatusMessage": "Insufficient permissions to create a snapshot of this instance." if failed else "",
                "MessageCategory": "FAILURE" if failed else "SUCCESS",
                "PercentDone": "0.0" if failed else "100.0", "BackupSizeInBytes": 0 if failed else size,
                "CreatedBy": {"BackupPlanId": ident("plan"), "BackupPlanName": "prod-daily",
                              "BackupRuleId": ident("rule", system), "BackupRuleName": f"{system}-daily"},
                "IsParent": False,
            })
            delete = at + timedelta(days=35)
            if not failed:
                points.append({
                    "RecoveryPointArn": point, "BackupVaultName": "prod", "BackupVaultArn": VAULT,
                    "ResourceArn": arn, "ResourceType": kind, "ResourceName": system, "Status": "COMPLETED",
                    "CreationDate": iso(at), "CompletionDate": iso(end), "BackupSizeInBytes": size,
                    "IsEncrypted": True, "EncryptionKeyArn": KEY, "Lifecycle": {"DeleteAfterDays": 35},
                    "CalculatedLifecycle": {"DeleteAt": iso(delete)}, "VaultType": "BACKUP_VAULT",
                })
    # The service shows thirty days only: the jobs are listed at the end of each month.
    for name, first, last, at in [
        ("jobs-2026-10", FIRST, date(2026, 10, 27), datetime(2026, 10, 28, 12, 0, tzinfo=UTC)),
        ("jobs-2026-11", date(2026, 10, 28), LAST, listed),
    ]:
        part = [j for j in jobs if str(first) <= j["CreationDate"][:10] <= str(last)]
        write_json(f"aws-backup/{name}.json", {"BackupJobs": part})
        record(f"aws-backup/{name}", "aws backup list-backup-jobs --region us-east-1", at)
    for month, at in [("2026-10", datetime(2026, 10, 31, 23, 30, tzinfo=UTC)), ("2026-11", listed)]:
        there = [p for p in points if p["CompletionDate"] < iso(at) < p["CalculatedLifecycle"]["DeleteAt"]]
        write_json(f"aws-backup/points-{month}.json", {"RecoveryPoints": there})
        record(f"aws-backup/points-{month}",
               "aws backup list-recovery-points-by-backup-vault --backup-vault-name prod --region us-east-1", at)
        write_json(f"aws-backup/vaults-{month}.json", {"BackupVaultList": [{
            "BackupVaultName": "prod", "BackupVaultArn": VAULT, "VaultType": "BACKUP_VAULT", "EncryptionKeyArn": KEY,
            "CreationDate": "2025-01-20T10:12:00.000000+00:00", "NumberOfRecoveryPoints": len(there), "Locked": True,
            "MinRetentionDays": 35, "MaxRetentionDays": 400, "LockDate": "2025-02-01T00:00:00+00:00",
        }]})
        record(f"aws-backup/vaults-{month}", "aws backup list-backup-vaults --region us-east-1", at)
        write_json(f"aws-backup/protected-{month}.json", {"Results": [{
            "ResourceArn": arn, "ResourceType": kind, "ResourceName": system,
            "LastBackupTime": max(p["CreationDate"] for p in there if p["ResourceArn"] == arn),
            "LastBackupVaultArn": VAULT,
        } for system, arn, kind, *_ in RESOURCES]})
        record(f"aws-backup/protected-{month}", "aws backup list-protected-resources --region us-east-1", at)
    # What the databases themselves say: their settings once, what could be restored once a day.
    write_json("rds/instances.json", {"DBInstances": [{
        "DBInstanceIdentifier": name, "DBInstanceArn": f"arn:aws:rds:us-east-1:{AWS}:db:{name}",
        "DBInstanceStatus": "available", "Engine": "postgres", "EngineVersion": "16.4", "MultiAZ": True,
        "AllocatedStorage": size, "StorageEncrypted": True, "KmsKeyId": KEY, "BackupRetentionPeriod": 14,
        "PreferredBackupWindow": "09:10-09:40", "InstanceCreateTime": created,
        "LatestRestorableTime": "2026-11-21T23:26:40+00:00",
    } for name, size, created in [("fleet", 200, "2025-01-22T08:00:00+00:00"),
                                  ("billing", 80, "2025-01-23T08:00:00+00:00")]]})
    records = [aws_record("rds-instances", "aws rds describe-db-instances --region us-east-1", listed, "instances.json")]
    for day in days(date(2026, 9, 30), LAST):
        at = datetime(day.year, day.month, day.day, 12, 0, tzinfo=UTC)
        write_json(f"rds/window-{day}.json", {"DBInstanceAutomatedBackups": [{
            "DBInstanceArn": f"arn:aws:rds:us-east-1:{AWS}:db:{name}", "DBInstanceIdentifier": name,
            "DbiResourceId": f"db-{ident(name)[:8].upper()}", "Region": "us-east-1", "Status": "active",
            "Encrypted": True, "KmsKeyId": KEY, "BackupRetentionPeriod": 14,
            "RestoreWindow": {"EarliestTime": iso(at - timedelta(days=14, minutes=some(300, day))),
                              "LatestTime": iso(at - timedelta(seconds=130 + some(150, name, day)))},
        } for name in ("fleet", "billing")]})
        command = "aws rds describe-db-instance-automated-backups --region us-east-1"
        records.append(aws_record(f"window-{day}", command, at, f"window-{day}.json"))
    write_json("rds/runs.json", {"tool": "aws", "version": "aws-cli/2.31.6", "runs": records})


# ---------------------------------------------------------------- GitHub


def github():
    def repository(number, name, archived=False):
        return {
            "id": 71_300_100 + number, "name": name, "full_name": f"example-robotics/{name}", "private": True,
            "visibility": "private", "archived": archived, "disabled": False, "fork": False,
            "default_branch": "main", "size": 5_000 * number, "created_at": f"2023-0{number}-14T09:00:00Z",
            "pushed_at": "2026-11-20T16:02:11Z", "updated_at": "2026-11-20T16:02:15Z",
            "html_url": f"https://github.com/example-robotics/{name}",
        }

    write_json("github/repos.json", [
        repository(1, "fleet"), repository(2, "storefront"), repository(3, "controllers"),
        repository(4, "infrastructure"), repository(5, "storefront-2019", archived=True),
    ])

    def issue(number, title, labels, created, closed, body):
        return {
            "number": number, "title": title, "state": "closed" if closed else "open",
            "labels": [{"name": name} for name in labels], "user": {"login": "pnair"}, "body": body,
            "created_at": created, "updated_at": closed or created, "closed_at": closed,
            "state_reason": "completed" if closed else None,
            "repository_url": "https://api.github.com/repos/example-robotics/operations",
            "html_url": f"https://github.com/example-robotics/operations/issues/{number}",
        }

    write_json("github/issues.json", [
        issue(214, "Sales base backup refused: PostgreSQL not reachable", 
              ["incident", "backup", "cause:backup-failed", "system:sales-db", "severity:medium"],
              "2026-10-16T11:05:00Z", "2026-10-17T09:30:00Z",
              "The cluster was restarting after a kernel update when barman began. Moved the update window."),
        issue(215, "Sales base backup: rsync may not read the data directory",
              ["investigation", "backup", "cause:backup-failed", "system:sales-db", "severity:low"],
              "2026-10-17T07:40:00Z", "2026-10-17T09:31:00Z", "Second attempt succeeded five seconds later."),
        issue(219, "Staging shop: archive_command does not call pgbackrest",
              ["incident", "backup", "cause:backup-failed", "system:shop-staging", "severity:low"],
              "2026-10-18T13:00:00Z", "2026-10-20T08:00:00Z", "Configuration of the new image mended."),
    ])


# ---------------------------------------------------------------- the monitor

DAILY = 14  # plans with one backup a day; the weekly ones are added below
SHOP = {date(2026, 10, d) for d in (10, 16, 17, 23, 24, 30, 31)}  # days on which the staging shop's slots fall
SEEN_FAILING = {date(2026, 10, d): 1 for d in (15, 17, 22, 23, 30, 31)}
NOT_RUN = {date(2026, 10, d) for d in (23, 30, 31)}  # of the staging shop, whose timer was off
SILENT = set(days(date(2026, 10, 22), date(2026, 10, 30)))  # of the file share; its watch was paused


def monitor_days():
    """What the monitor wrote down each morning. It counts what ran, and does not see what stays silent."""
    lines = ["day,scope,method,performed_by,performed_at,runs_seen,failures_seen,evidence_ref"]
    for day in days(date(2026, 10, 1), date(2026, 10, 31)):
        runs = DAILY + (day.weekday() == 6) + (day in SHOP) - (day in NOT_RUN) - (day in SILENT)
        if day == date(2026, 10, 6):
            runs -= 4  # the office scheduler's host was being moved
        at = z(due(day + timedelta(days=1), 6, 0, NEW_YORK))
        lines.append(f"{day},*,automated,backup-watch,{at},{runs},{SEEN_FAILING.get(day, 0)},watch/{day}")
    (DROP.parent / "registers" / "monitor_days.csv").write_bytes(("\n".join(lines) + "\n").encode())


def main():
    if DROP.exists():
        shutil.rmtree(DROP)
    real_outputs()
    wrapper_log()
    office_log()
    plant_log()
    heroku()
    aws()
    github()
    monitor_days()


if __name__ == "__main__":
    main()
