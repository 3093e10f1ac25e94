"""Heroku: its own CLI and backproof ask the same fake of Heroku's APIs.

Proves that the fake is one that Heroku's client understands, that what the CLI prints is what the data set holds, and
that backproof names, judges and measures every transfer, schedule and database as the CLI does. Then: what the fake
saw of backproof (hosts, paging, no writes), and that no password, address or signed link reached its store.
"""

import json
import os
import re
import subprocess

from fake_heroku import DATA, LIMITED, PLATFORM, FakeHeroku, error
from harness import check, instant
from heroku_data import CANARY, TOKEN, app, company
from live import CACHE, Reply, Request, Workspace, by, environment, same, settings, there

CLI = f"{CACHE}/node-heroku/node_modules/.bin/heroku"
TOGETHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "heroku_cli.mjs")
DATA_PATHS = ("/client", "/data")
PERIOD = "2024-01-01..2024-12-31"
UNITS = {"B": 0, "KB": 1, "MB": 2, "GB": 3, "TB": 4}


class Cli:
    """Heroku's CLI, pointed at the fake."""

    def __init__(self, home: str, url: str):
        self.env = environment(home, HEROKU_HOST=url, HEROKU_DATA_HOST="127.0.0.1", HEROKU_API_KEY=TOKEN,
                               HEROKU_PARTICLEBOARD_URL=url, DISABLE_TELEMETRY="true", COLUMNS="200", HEROKU_SKIP_ANALYTICS="1")

    def many(self, commands: dict[str, tuple[str, ...]]) -> dict[str, subprocess.CompletedProcess]:
        """What it says to each of several commands, in one process."""
        done = subprocess.run(["node", TOGETHER, os.path.join(os.path.dirname(CLI), "..", "heroku")], input=json.dumps(list(commands.values())),
                              env=self.env, capture_output=True, text=True, timeout=180, check=True)
        return {name: subprocess.CompletedProcess(commands[name], *said) for name, said in zip(commands, json.loads(done.stdout))}

    def __call__(self, *words: str, **env: str) -> subprocess.CompletedProcess:
        return subprocess.run([CLI, *words], env=self.env | env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120, check=False)


def table(text: str, title: str) -> list[dict]:
    """The rows below a heading: columns begin where their names begin."""
    _, _, rest = text.partition(f"=== {title}\n")
    lines = [line for line in rest.partition("\n===")[0].splitlines() if line.strip()]
    if len(lines) < 3:
        return []
    starts = [m.start() for m in re.finditer(r"(?<=  )\S|^\S", lines[0])]
    names = [lines[0][a:b].strip() for a, b in zip(starts, [*starts[1:], None])]
    return [dict(zip(names, (line[a:b].strip() for a, b in zip(starts, [*starts[1:], None])))) for line in lines[2:]]


def pairs(text: str) -> dict[str, str]:
    return {m[1]: m[2].strip() for m in re.finditer(r"^([A-Z][\w /-]*): +(.*)$", text, re.M)}


def size(text: str) -> tuple[float, float] | None:
    """Least and most bytes that the CLI shows as this; None where it shows nothing."""
    match = re.match(r"([\d.]+)([KMGT]?B)", text)
    if not match:
        return None
    unit = 1024 ** UNITS[match[2]]
    return ((float(match[1]) - 0.00501) * unit, (float(match[1]) + 0.00501) * unit)


def fits(shown: tuple[float, float] | None, bytes: int | None) -> bool:
    return bytes is None if shown is None else bytes is not None and shown[0] <= bytes <= shown[1]


# What the CLI prints is what the data set holds.

def kind(t: dict) -> str:
    if t["to_type"] == "gof3r":
        return "Backups"
    return "Copies" if t["from_type"] == "pg_dump" else "Restores"


def validate(text: str, transfers: list[dict]):
    """Every backup, and the newest ten of restores and copies: the CLI cuts there."""
    for title, most in (("Backups", None), ("Restores", 10), ("Copies", 10)):
        true = sorted((t for t in transfers if kind(t) == title), key=lambda t: t["created_at"], reverse=True)[:most]
        rows = table(text, title)
        same(f"heroku cli: number of {title}", len(rows), len(true))
        for row, t in zip(rows, true):
            begun = row.get("Created at") or row.get("Started at")
            number = t["options"].get("pgbackups_name") or f"{t['num']:03d}"
            ok = row["ID"].endswith(number) and begun == t["created_at"] and fits(size(row["Size"]), t["processed_bytes"])
            check(f"heroku cli: {title} {t['num']}", ok, f"{row} of {t}")


# What backproof shows is what the CLI prints.

STATUS = {"Finished": "partial", "Completed": "success", "Failed": "failed", "Running": "running", "Pending": "pending"}


def compare_list(form: str, app_name: str, text: str, tables: dict[str, dict], cancelled: set[str]):
    for title, rows, end in (("Backups", tables["runs"], "ended_at"), ("Copies", tables["runs"], "ended_at"),
                             ("Restores", tables["restore-tests"], "ended_at")):
        for shown in table(text, title):
            name = f"{app_name}/{shown['ID']}"
            row = rows.get(name)
            if row is None:
                check(f"heroku {form}: {name}", False, f"not among {sorted(rows)}")
                continue
            word = STATUS[shown["Status"].split()[0]]
            word = "aborted" if name in cancelled else word
            if title == "Restores" and word == "pending":
                word = "planned"
            wrong = []
            if (row.get("status") or row.get("result")) != word:
                wrong.append(f"{row.get('status') or row.get('result')}, the CLI says {shown['Status']}")
            ended = re.search(r"\d{4}-.*", shown["Status"])
            if ended and instant(row[end]) != instant(ended[0].replace(" +0000", "+00:00")):
                wrong.append(f"ended {row[end]}, the CLI says {ended[0]}")
            if not fits(size(shown["Size"]), row["bytes_stored" if title != "Restores" else "bytes"]):
                wrong.append(f"size {row.get('bytes_stored')} or {row['bytes']}, the CLI says {shown['Size']}")
            check(f"heroku {form}: {name}", not wrong, "; ".join(wrong))
    backups = {f"{app_name}/{r['ID']}" for r in table(text, "Backups")}
    ours = {n for n, r in tables["runs"].items() if n.startswith(app_name + "/") and r["component"] != "replica"}
    same(f"heroku {form}: all backups of {app_name}, and no other", ours, backups)
    good = {f"{app_name}/{r['ID']}" for r in table(text, "Backups") if r["Status"].startswith(("Completed", "Finished"))}
    points = {n for n in tables["recovery-points"] if n.startswith(app_name + "/")}
    same(f"heroku {form}: recovery points of {app_name}", points, good)


def compare_info(form: str, name: str, text: str, tables: dict[str, dict]):
    """`pg:backups:info`: start and end to the second, both sizes, the kind, and Canceled."""
    said = pairs(text)
    row = tables["runs"].get(name) or tables["restore-tests"].get(name)
    if row is None:
        check(f"heroku {form}: info {name}", False, "neither a run nor a restore")
        return
    def at(key: str):
        return instant(said[key].replace(" +0000", "+00:00")) if re.match(r"\d{4}", said.get(key, "")) else None
    true = {"start": at("Started at"), "end": at("Finished at"), "status": said["Status"]}
    seen = {"start": instant(row["started_at"]), "end": instant(row["ended_at"]), "status": row["status_raw"]}
    if "run_id" in row:
        true["type"], seen["type"] = said["Type"].lower(), row["trigger"]
        sizes = [(said["Original DB Size"], row["bytes"]), (said["Backup Size"], row["bytes_stored"])]
    else:
        sizes = [(said["Backup Size"], row["bytes"])]
    same(f"heroku {form}: info {name}", seen, true)
    check(f"heroku {form}: sizes of {name}", all(fits(size(s), b) for s, b in sizes), str(sizes))


def compare_databases(form: str, text: str, assets: dict[str, dict]):
    """`pg:info`: each line that the CLI prints of a database, but addresses and what it adds itself."""
    for block in text.split("=== ")[1:]:
        said = pairs(block)
        id = f"heroku-postgres:{said.pop('Billing App', 'acme-prod')}/{said.pop('Add-on', 'not told')}"
        shown = settings(assets.get(id, {}))
        for name in ("Followers", "Following", "Forked From", "Forks"):
            said.pop(name, None)
        for name, value in said.items():
            # The plan is the add-on's id of it, not its title.
            if name != "Plan":
                same(f"heroku {form}: {id} {name}", shown.get(name.lower()), value)


def compare_schedules(form: str, id: str, text: str, assets: dict[str, dict]):
    for name, hour, zone in re.findall(r"^(\w+): daily at (\d+):00 (\S+)", text, re.M):
        seen = settings(assets.get(id, {})).get(f"schedule {name}", "")
        check(f"heroku {form}: schedule of {id}", seen.startswith(f"daily at {int(hour):02d}:00 ({zone})"), f"{seen!r}: {hour} {zone}")


def sources(fake_url: str, data_url: str, scope: str, patience: str = "PT15S") -> str:
    return (f'[sources.heroku-postgres.prod]\n{scope}\nurl = "{fake_url}"\ndata_url = "{data_url}"\n'
            'token = { env = "HEROKU_API_KEY" }\n'
            f'patience = "{patience}"\ntimeout = "PT10S"\n')


def tables(workspace: Workspace) -> dict[str, dict]:
    keys = {"runs": "run_id", "recovery-points": "recovery_point_id", "restore-tests": "test_id", "assets": "asset_id"}
    return {t: by(workspace.show(t, PERIOD), key) for t, key in keys.items()}


def export(fake: FakeHeroku, path: str):
    """The answers as files, as somebody would save them: the other way into the same reader."""
    for request in ("apps", "addons", "addon-attachments", "client/v11/apps/acme-prod/transfers", "client/v11/apps/acme-db/transfers"):
        save(fake, path, request)
    for addon in fake.data["addons"]:
        for request in (f"client/v11/databases/{addon['id']}", f"client/v11/databases/{addon['id']}/transfer-schedules",
                        f"data/postgres/v1/{addon['id']}/info"):
            save(fake, path, request)


def save(fake: FakeHeroku, path: str, request: str):
    headers = {"accept": "application/vnd.heroku+json; version=3", "authorization": f"Bearer {fake.data['token']}"}
    reply = fake.answer(Request("GET", "/" + request, {}, headers, b""))
    if reply.status == 200:
        file = os.path.join(path, request + ("/database.json" if request.count("/") == 3 and "databases" in request else ".json"))
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "wb") as out:
            out.write(reply.bytes())


def test(root):
    if not there("Heroku's CLI", CLI):
        return
    base = os.path.join(root, "heroku")
    os.makedirs(base)
    data = company()
    with FakeHeroku(data) as fake:
        cli = Cli(base, fake.url)
        infos = ["a001", "a004", "a008", "a012", "b025", "b027", "b028", "ob001", "b1004", "r1100", "r1101", "r1102"]
        asked = {"list": ("pg:backups", "-a", "acme-prod"), "ledger": ("pg:backups", "-a", "acme-db"),
                 "schedules": ("pg:backups:schedules", "-a", "acme-prod"), "night": ("pg:backups:schedules", "-a", "acme-db"),
                 "databases": ("pg:info", "-a", "acme-prod"), "advanced": ("data:pg:info", "DATABASE", "-a", "acme-lake"),
                 "gone": ("pg:backups:info", "b500", "-a", "acme-prod"), "nobody": ("pg:backups", "-a", "nobody"),
                 **{i: ("pg:backups:info", i, "-a", "acme-prod") for i in infos}}
        said = cli.many(asked)
        for name, done in said.items():
            same(f"heroku cli: {name} ends with", done.returncode, 2 if name in ("gone", "nobody") else 0)
        alone = cli(*asked["list"])
        check("heroku cli: in a process of its own it says the same", alone.returncode == 0 and alone.stdout == said["list"].stdout, alone.stderr)
        validate(said["list"].stdout, data["transfers"]["acme-prod"])
        validate(said["ledger"].stdout, data["transfers"]["acme-db"])
        check("heroku cli: a transfer that is gone", "Transfer was deleted" in said["gone"].stderr, said["gone"].stderr)
        check("heroku cli: an app that is not there", "Error ID: not_found" in said["nobody"].stderr, said["nobody"].stderr)
        refusals(fake, cli)
        cli_databases(said, data)

        text = {name: done.stdout for name, done in said.items()}
        # The list calls them failed.
        cancelled = {f"acme-prod/{i}" for i in infos if pairs(text[i]).get("Status") == "Canceled"}
        same("heroku cli: what was cancelled", cancelled, {"acme-prod/a012", "acme-prod/r1102"})

        def compare(form: str, workspace: Workspace):
            shown = tables(workspace)
            compare_list(form, "acme-prod", text["list"], shown, cancelled)
            compare_list(form, "acme-db", text["ledger"], shown, cancelled)
            for i in infos:
                compare_info(form, f"acme-prod/{i}", text[i], shown)
            compare_databases(form, text["databases"], shown["assets"])
            compare_schedules(form, "heroku-postgres:acme-prod/postgresql-round-00001", text["schedules"], shown["assets"])
            compare_schedules(form, "heroku-postgres:acme-db/postgresql-deep-00004", text["night"], shown["assets"])
            rest(form, data, shown)
            same(f"heroku {form}: secrets in the store", workspace.holding(CANARY), [])

        folder = os.path.join(base, "export")
        export(fake, folder)
        saved = Workspace(base, f'[sources.heroku-postgres.prod]\npath = {json.dumps(folder)}\n').collect()
        check("heroku export: collected", saved.code == 0, saved.output)
        shown = tables(saved)
        compare_list("export", "acme-prod", text["list"], shown, cancelled)
        compare_schedules("export", "heroku-postgres:acme-prod/postgresql-round-00001", text["schedules"], shown["assets"])
    live(base, data, compare)
    troubles(base)


def refusals(fake: FakeHeroku, cli: Cli):
    """A wrong token, too many requests, and a list that is cut every two, which the CLI follows to its end."""
    bad = cli("pg:backups", "-a", "acme-prod", HEROKU_API_KEY="other")
    check("heroku cli: a wrong token", bad.returncode == 1 and "HEROKU_API_KEY is invalid" in bad.stderr, bad.stderr)
    fake.fault("/transfers", LIMITED, 1)
    fake.most, before = 2, len(fake.requests)
    said = cli.many({"limited": ("pg:backups", "-a", "acme-prod"), "apps": ("apps", "--all", "--json")})
    fake.most = 1000
    limited = said["limited"]
    check("heroku cli: too many requests", limited.returncode == 2 and "Error ID: rate_limit" in limited.stderr, limited.stderr)
    same("heroku cli: apps over pages", sorted(a["name"] for a in json.loads(said["apps"].stdout)), sorted(a["name"] for a in fake.data["apps"]))
    ranges = [r.headers.get("range") for r in fake.requests[before:] if r.path == "/apps"]
    check("heroku cli: follows Next-Range", len(ranges) == 3 and all(r and "]" in r for r in ranges[1:]), str(ranges))


def cli_databases(said: dict, data: dict):
    blocks = {pairs(b).get("Add-on"): pairs(b) for b in said["databases"].stdout.split("=== ")[1:]}
    for addon in data["addons"]:
        info = data["databases"].get(addon["id"])
        if info:
            lines = {r["name"]: ", ".join(map(str, r["values"])) for r in info["info"] if r["values"] and not r.get("resolve_db_name")}
            shown = {k: v for k, v in blocks.get(addon["name"], {}).items() if k in lines}
            same(f"heroku cli: pg:info {addon['name']}", shown, lines)
    check("heroku cli: rollback of an advanced plan", "earliest from 2024-05-22 13:14 UTC" in said["advanced"].stdout, said["advanced"].stdout)


def rest(form: str, data: dict, shown: dict[str, dict]):
    """What the CLI does not tell: restores and copies beyond ten, and who was restored from what."""
    true = data["transfers"]["acme-prod"]
    copies = {f"acme-prod/c{t['num']}" for t in true if kind(t) == "Copies"}
    same(f"heroku {form}: all copies", {n for n, r in shown["runs"].items() if r["component"] == "replica"}, copies)
    restores = {f"acme-prod/r{t['num']}" for t in true if kind(t) == "Restores"}
    same(f"heroku {form}: all restores", set(shown["restore-tests"]), restores)
    one = shown["restore-tests"].get("acme-prod/r1105", {})
    same(f"heroku {form}: restored from", one.get("recovery_point_id"), "acme-prod/a023")
    results = {n: r["result"] for n, r in shown["restore-tests"].items() if r["result"] != "success"}
    words = {"r1100": "failed", "r1101": "partial", "r1102": "aborted", "r1103": "running", "r1104": "planned"}
    same(f"heroku {form}: restores that did not go well", results, {f"acme-prod/{n}": word for n, word in words.items()})


def live(base: str, data: dict, compare):
    with FakeHeroku(data, (PLATFORM,), most=2) as platform, FakeHeroku(data, (DATA,)) as host:
        for scope in ('apps = ["acme-prod", "acme-db", "acme-lake"]', 'team = "acme"', ""):
            form = scope.split()[0] if scope else "account"
            before = len(platform.requests), len(host.requests)
            workspace = Workspace(base, sources(platform.url, host.url, scope), HEROKU_API_KEY=TOKEN).collect()
            # acme-new's database is still being made: that is no trouble of the source.
            check(f"heroku {form}: collected whole", workspace.code == 0, workspace.output)
            compare(form, workspace)
            asked = platform.requests[before[0]:], host.requests[before[1]:]
            paths = [[r.path for r in rs] for rs in asked]
            check(f"heroku {form}: both hosts are asked", all(asked), str(paths))
            wrong = [f"{r.method} {r.path}" for rs in asked for r in rs
                     if (r.method != "GET" and not r.path.endswith("/resolve")) or "config-vars" in r.path or "public-url" in r.path]
            check(f"heroku {form}: reads only, and no config vars", all(asked) and not wrong, str(wrong))
            strays = [p for p in paths[0] if p.startswith(DATA_PATHS)] + [p for p in paths[1] if not p.startswith(DATA_PATHS)]
            check(f"heroku {form}: each host is asked for its own", all(asked) and not strays, str(strays))
            again(form, workspace)
            check(f"heroku {form}: asks of no app outside the scope", all(asked) and (form == "account") == ("erika-hobby" in str(paths)), str(paths))


def again(form: str, workspace: Workspace):
    """A second collection doubles nothing and changes nothing."""
    passing = {"observed_at", "last_seen_at", "evidence", "pointer"}
    def rows():
        return {t: {id: {k: v for k, v in row.items() if k not in passing} for id, row in rows.items()} for t, rows in tables(workspace).items()}
    first = rows()
    workspace.collect()
    check(f"heroku {form}: collected again, whole", workspace.code == 0, workspace.output)
    second = rows()
    for name in first:
        check(f"heroku {form}: {name} after the second collection", bool(first[name]) and first[name] == second[name], f"{len(second[name])} of {len(first[name])}")


def troubles(base: str):
    """What makes a source incomplete or failed: told, and never a success."""
    cases = [
        ("unauthorized", "/", error(401, "unauthorized", "Invalid credentials provided."), 10**6),
        ("data host forbids", "/client", error(403, "forbidden", "Scope does not cover this."), 10**6),
        ("cut answer", "/transfers", Reply(200, company()["transfers"]["acme-prod"], cut=500), 10**6),
        ("no JSON", "/transfers", Reply(200, b"<html>maintenance</html>", {"Content-Type": "text/html"}), 10**6),
    ]
    for name, path, reply, times in cases:
        with FakeHeroku() as fake:
            fake.fault(path, reply, times)
            short = sources(fake.url, fake.url, 'apps = ["acme-prod"]', "PT3S")
            workspace = Workspace(base, short, HEROKU_API_KEY=TOKEN).collect()
            source = workspace.source()
            check(f"heroku {name}: not complete", workspace.code == 4 and source.get("status") in ("incomplete", "failed"), workspace.output)
            same(f"heroku {name}: secrets in the store", workspace.holding(CANARY), [])
    with FakeHeroku() as fake:
        fake.fault("/transfers", error(503, "maintenance", "Heroku API is temporarily unavailable."), 1)
        workspace = Workspace(base, sources(fake.url, fake.url, 'apps = ["acme-prod"]'), HEROKU_API_KEY=TOKEN).collect()
        check("heroku one 503: asked again, whole", workspace.code == 0 and "acme-prod/a001" in tables(workspace)["runs"], workspace.output)
    data = company()
    data["apps"] += [app(f"many-{n:04d}", "acme") for n in range(1200)]
    with FakeHeroku(data) as fake:
        workspace = Workspace(base, sources(fake.url, fake.url, 'team = "acme"'), HEROKU_API_KEY=TOKEN)
        workspace.collect()
        pages = [r for r in fake.requests if r.path == "/teams/acme/apps"]
        check("heroku many apps: all pages", workspace.code == 0 and len(pages) >= 2, f"{len(pages)} pages: {workspace.output[-400:]}")
