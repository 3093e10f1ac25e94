"""All at once: every live source and every tool's real output in one workspace, collected and reported as one would.

Proves that each source comes out as it does in a workspace of its own (status, rows by table), whether all is well or
one of them is refused; that the reports name every source and the store verifies; and that of a dozen credentials none
is in the store, in a report, or in anything that was said.
"""

import os
import subprocess
import zipfile
from contextlib import ExitStack
from datetime import datetime, timezone

import aws_seed
import peer_borg
import peer_duplicity
import peer_pg_dump
import peer_pgbackrest
import peer_rclone
import peer_rdiff_backup
import peer_restic
import peer_rsnapshot
from aws_servers import MOTO, WEED, SECRET as READER_SECRET, moto, weed
from fake_aws_backup import KEY, ROLE_SECRET, ROLE_TOKEN, SECRET, FakeBackup
from fake_github import FakeGitHub
from fake_heroku import FakeHeroku, error
from github_data import CANARY as GITHUB_CANARY, TOKEN as GITHUB_TOKEN
from github_description import SCHEMA, SOURCE, trimmed
from harness import PASSPHRASE, check
from heroku_data import CANARY as HEROKU_CANARY, TOKEN as HEROKU_TOKEN
from live import Workspace, same, there
from peer_aws import buckets, dumps, instances, until
from peer_aws_backup import source as backup
from peer_github import source as github
from peer_heroku import sources as heroku

TOOLS = {"borg": peer_borg, "duplicity": peer_duplicity, "pg-dump": peer_pg_dump, "pgbackrest": peer_pgbackrest, "rclone": peer_rclone,
         "rdiff-backup": peer_rdiff_backup, "restic": peer_restic, "rsnapshot": peer_rsnapshot}
# moto cannot answer all that is asked of RDS, and SeaweedFS not all of S3.
NOT_WHOLE = {"rds.databases", "s3.backups"}
SESSION = "wallaby-6d20-session"
CANARIES = {"passphrase of the tools": PASSPHRASE, "token of Heroku": HEROKU_TOKEN, "secrets in Heroku's answers": HEROKU_CANARY,
            "token of GitHub": GITHUB_TOKEN, "secrets in GitHub's answers": GITHUB_CANARY, "secret key of AWS": SECRET,
            "secret key of the role": ROLE_SECRET, "token of the role": ROLE_TOKEN, "secret key for S3": READER_SECRET,
            "secret key for RDS": "quokka-91be-secret", "session token for RDS": SESSION, "password of the databases": aws_seed.PASSWORD}


def profiles(base: str) -> dict[str, str]:
    """AWS's services are asked by different people, as profiles tell them apart."""
    path = os.path.join(base, "credentials")
    with open(path, "w", encoding="utf-8") as file:
        for name, key, secret, more in (("backup", KEY, SECRET, ""), ("databases", "AKIAQUOKKA0000000003", CANARIES["secret key for RDS"],
                                        f"aws_session_token = {SESSION}\n"), ("buckets", "auditor-key", READER_SECRET, "")):
            file.write(f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n{more}\n")
    return {"AWS_SHARED_CREDENTIALS_FILE": path, "AWS_CONFIG_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
            "HEROKU_API_KEY": HEROKU_TOKEN, "GITHUB_TOKEN": GITHUB_TOKEN}


def systems(kinds: list[str]) -> str:
    """A system for each kind, which claims all of its resources, and a daily plan of it."""
    return "".join(
        f'[[system]]\nid = "{kind}"\nname = "{kind}"\nkind = "database"\nenvironment = "production"\ncriticality = "critical"\n'
        f'tier = "critical_online_services"\nowner = "Team"\ndata_classes = ["customer"]\nin_scope = true\n'
        f'onboarded_at = 2024-01-01T00:00:00Z\nresources = ["{kind}:**"]\n\n'
        f'[[plan]]\nid = "{kind}-daily"\nsystem = "{kind}"\ncomponent = "full"\nschedule = "0 2 * * *"\ntimezone = "UTC"\n'
        f'retention = "P35D"\nenabled = true\neffective_from = 2024-01-01T00:00:00Z\n\n' for kind in kinds)


class Company(Workspace):
    """A workspace of some sources, with an inventory."""

    def __init__(self, base: str, sources: dict[str, str], env: dict[str, str]):
        super().__init__(base, "".join(sources.values()), **env)
        with open(os.path.join(self.path, "inventory.toml"), "w", encoding="utf-8") as file:
            file.write(systems([name.split(".")[0] for name in sources]))

    def outcomes(self) -> dict[str, tuple]:
        """Status and rows by table of each source, in the newest run."""
        return {f"{s['kind']}.{s['source_id']}": (s["status"], s["counts"]) for s in self.manifest().get("sources", [])}


def test(root):
    if not there("moto, SeaweedFS and GitHub's description", MOTO, WEED, SOURCE, SCHEMA):
        return
    base = os.path.join(root, "together")
    os.makedirs(base)
    folders = {kind: peer.work(root) for kind, peer in TOOLS.items()}
    if not all(folders.values()):
        return
    with ExitStack() as servers:
        hosts = servers.enter_context(FakeHeroku())
        organization = servers.enter_context(FakeGitHub(trimmed()))
        vaults = servers.enter_context(FakeBackup())
        _, rds = servers.enter_context(moto(base))
        _, s3 = servers.enter_context(weed(base))
        aws_seed.databases(aws_seed.client("rds", rds))
        administrator = aws_seed.client("s3", s3, "admin-key", "admin-secret")
        until(lambda: administrator.create_bucket(Bucket="acme-real"), "SeaweedFS takes a bucket")
        dumps(administrator, "acme-real")
        sources = {
            "heroku-postgres.prod": heroku(hosts.url, hosts.url, 'team = "acme"', "PT3S"),
            "github.org": github(organization.url, 'organization = "acme"'),
            "aws-backup.main": backup(vaults.url, 'profile = "backup"\nrole_arn = ["arn:aws:iam::123456789012:role/audit"]\n'),
            "rds.databases": instances(rds, 'profile = "databases"\n'),
            "s3.backups": buckets(s3, ["acme-real"], 'profile = "buckets"\n'),
            **{f"{kind}.{kind}-tool": folder.source(f"{kind}-tool") for kind, folder in folders.items()}}
        together(base, sources, folders, profiles(base), hosts)


def together(base: str, sources: dict[str, str], folders: dict, env: dict[str, str], hosts: FakeHeroku):
    alone = {}
    for name, text in sources.items():
        alone |= Company(base, {name: text}, env).collect().outcomes()
    workspace = Company(base, sources, env).collect()
    seen = workspace.outcomes()
    check("together: every source", set(seen) == set(sources), f"{sorted(seen)}: {workspace.output}")
    for name, outcome in seen.items():
        same(f"together: {name} as in a workspace of its own", outcome, alone.get(name))
        same(f"together: {name} is whole, or not, as it must be", outcome[0], "incomplete" if name in NOT_WHOLE else "complete")
        check(f"together: {name} has rows", sum(outcome[1].values()) > 0, str(outcome))
    for kind, folder in folders.items():
        counts = seen.get(f"{kind}.{kind}-tool", ("", {}))[1]
        true = sum(t["table"] == "runs" for t in folder.truth)
        check(f"together: {kind} has a row for each run that happened", counts.get("backup_runs", 0) >= true > 0, f"{counts}, {true} happened")
    same("together: collect ends with 4, for those that are not whole", workspace.code, 4)
    reported(workspace, sources)
    quiet(workspace)
    # One that is refused takes nothing from the others.
    hosts.fault("/", error(401, "unauthorized", f"Invalid credentials provided: {HEROKU_TOKEN}"))
    workspace.collect()
    refused = workspace.outcomes()
    same("together: one is refused", (workspace.code, refused.get("heroku-postgres.prod", [None])[0]), (4, "failed"))
    same("together: the others are as before", {**refused, "heroku-postgres.prod": None}, {**seen, "heroku-postgres.prod": None})
    quiet(workspace)


def reported(workspace: Company, sources: dict[str, str]):
    """The month of the tools' work, and by itself the last whole one."""
    month = datetime.now(timezone.utc).strftime("%Y-%m")
    for words in ((), ("--period", month)):
        done = workspace.run("report", "monthly", *words)
        check(f"together: report {' '.join(words) or 'of the last month'}", done.returncode == 4, f"{done.returncode}: {done.stderr}")
    folder = f"{workspace.path}/reports/{month}"
    texts = {"html": open(f"{folder}/monthly.html", encoding="utf-8").read(), "pdf": text_of_pdf(f"{folder}/monthly.pdf"),
             "xlsx": text_of_xlsx(f"{folder}/monthly.xlsx")}
    for form, text in texts.items():
        missing = [name for name in sources if name not in text and name.split(".")[1] not in text]
        check(f"together: {form} names every source", not missing, f"{missing} in {len(text)} characters")
    rows = workspace.show("runs", "2024-01-01..2026-12-31")
    lost = sorted({r["resource"] for r in rows if not r.get("system_id")}, key=str)
    check("together: every run belongs to a system", bool(rows) and not lost, str(lost[:5]))
    done = workspace.run("verify", "evidence")
    check("together: the store verifies", done.returncode == 0, done.stdout + done.stderr)


def text_of_pdf(path: str) -> str:
    return "".join(subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, timeout=60, check=True).stdout.split())


def text_of_xlsx(path: str) -> str:
    with zipfile.ZipFile(path) as book:
        return "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))


def quiet(workspace: Company):
    workspace.run("collect", "--source", "nothing")
    for what, secret in CANARIES.items():
        same(f"together: {what} in store, reports and outputs", workspace.holding(secret), [])
