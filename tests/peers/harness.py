"""Runs real backup tools, keeps what they print, and compares backproof's tables with what they say of themselves.

A `Folder` is one source: every command that `run` starts leaves its output and a run record there, as a
careful wrapper would. The truth is written down by the test from exit codes and the tools' own JSON.
"""

import functools
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone

BACKPROOF = os.environ.get("BACKPROOF", "")
# Every tool's passphrase: it stands in run records, as it would in a careless wrapper's, and must reach no store.
PASSPHRASE = "numbat-4e81c6-passphrase"
passed = []
failed = []


def check(name, ok, detail=""):
    (passed if ok else failed).append(name)
    if not ok:
        print(f"FAIL {name}: {str(detail)[:2000]}", flush=True)


def need(*programs):
    """A peer that is not installed fails the test: a skipped comparison proves nothing."""
    missing = [p for p in programs if shutil.which(p) is None]
    check("installed: " + " ".join(programs), not missing, "not found: " + ", ".join(missing))
    return not missing


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def instant(text):
    """An RFC 3339 text, or epoch seconds, as a datetime; None stays None."""
    if text is None:
        return None
    if isinstance(text, (int, float)):
        return datetime.fromtimestamp(text, timezone.utc)
    if isinstance(text, datetime):
        return text
    head, _, tail = text.replace("Z", "+00:00").partition(".")
    if tail:
        zone = max(tail.find("+"), tail.find("-"))
        head += "." + tail[:zone][:6].ljust(6, "0") + tail[zone:]
    return datetime.fromisoformat(head)


def as_server_user(command):
    """PostgreSQL and pgBackRest refuse root: there their own user runs them."""
    if os.geteuid() == 0:
        return ["runuser", "-u", "postgres", "--", *command]
    return command


def own(path):
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(path, user.pw_uid, user.pw_gid)


class Done:
    def __init__(self, id, command, out, err, code, begin, end):
        self.id, self.command, self.out, self.err = id, command, out, err
        self.code, self.begin, self.end = code, begin, end

    def json(self):
        return json.loads(self.out)


def evidence(*programs):
    """Makes of `make(base)`, which lets a tool work below a folder of its own, what answers a root's `Folder`.

    It is made once for a root, whoever asks first: another peer may want the same output. None where a program is
    missing, which fails the test.
    """
    def of(make):
        lock, made = threading.Lock(), {}

        @functools.wraps(make)
        def folder(root):
            with lock:
                if root not in made:
                    made[root] = None
                    if need(*programs):
                        base = os.path.join(root, make.__module__.removeprefix("peer_").replace("_", "-"))
                        os.makedirs(base)
                        made[root] = make(base)
                        made[root].write_list()
                        time.sleep(1.1)  # `show` looks no further than the last whole second
                return made[root]
        return folder
    return of


def filled(folder, files):
    """A new folder with these files, as something to back up."""
    os.makedirs(folder)
    for name, content in files.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    return folder


class Folder:
    """One source's folder, its run records, and the truth about it."""

    def __init__(self, root, name, kind, zone="UTC", host="peer01"):
        self.path = os.path.join(root, name)
        os.makedirs(os.path.join(self.path, "evidence"))
        self.name, self.kind, self.zone, self.host = name, kind, zone, host
        # `listed` are the recovery points that the tool itself lists at the end, where it does.
        self.records, self.truth, self.listed = [], [], None

    def run(self, id, command, env=None, server=False, kill=None, merged=False, keep=True, cwd=None):
        """Runs a shell command. `kill` is (signal, function that tells when)."""
        words = ["bash", "-c", command]
        if server:
            words = as_server_user(words)
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": self.zone, **(env or {})}
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            begin = datetime.now(timezone.utc)
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out if merged else err,
                                       env=environment, cwd=cwd or "/", start_new_session=True)
            if kill:
                number, ready = kill
                wait_for(ready, id)
                os.killpg(process.pid, number)
            code = process.wait(timeout=60)
            end = datetime.now(timezone.utc)
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read())
        # A shell that a signal ended has no exit code of its own.
        killed = signal.Signals(-code).name if code < 0 else None
        record = {"id": id, "command": command, "host": self.host, "tz": self.zone, "started_at": stamp(begin),
                  "finished_at": stamp(end), "exit_code": None if killed else code, "killed_by": killed}
        record["env"] = {k: v for k, v in (env or {}).items() if k != "HOME"}
        for kind, text in zip(("stdout", "stderr"), texts):
            name = f"evidence/{id}.{kind}"
            record[kind] = name if text else None
            if text and keep:
                with open(os.path.join(self.path, name), "wb") as file:
                    file.write(text)
        if keep:
            self.records.append(record)
        return Done(id, command, texts[0].decode(errors="replace"), texts[1].decode(errors="replace"), code, begin, end)

    def expect(self, table, done, status, begin=None, end=None, tolerance=2, **fields):
        """What must be in a table about this command; times are the recorded ones unless given."""
        self.truth.append({"table": table, "id": done.id, "status": status, "begin": instant(begin) or done.begin,
                           "end": instant(end) or done.end, "tolerance": tolerance, **fields})

    def source(self, id, path=None):
        """Its table of a configuration."""
        return f'[sources.{self.kind}.{id}]\npath = {json.dumps(path or self.path)}\ntimezone = "{self.zone}"\n'

    def write_list(self):
        with open(os.path.join(self.path, "runs.json"), "w", encoding="utf-8") as file:
            json.dump({"tool": self.kind, "runs": self.records}, file, ensure_ascii=False, indent=1)


def wait_for(ready, what, seconds=30):
    limit = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > limit:
            raise TimeoutError(f"{what}: not ready after {seconds} s")
        time.sleep(0.05)


def twin(folder, form):
    """The same evidence in another form: records beside each file, no records, or both outputs in one file."""
    other = folder.path + "." + form
    shutil.copytree(folder.path, other)
    os.remove(f"{other}/runs.json")
    for record in folder.records:
        record = dict(record)
        if form == "merged":
            texts = []
            for kind in ("stdout", "stderr"):
                if record[kind]:
                    path = f"{other}/{record[kind]}"
                    texts.append(open(path, "rb").read())
                    os.remove(path)
            record["stdout"], record["stderr"] = (f"evidence/{record['id']}.log" if texts else None), None
            if texts:
                open(f"{other}/{record['stdout']}", "wb").write(b"".join(texts))
        if form in ("beside", "merged"):
            for kind in ("stdout", "stderr"):
                record[kind] = record[kind] and os.path.basename(record[kind])
            with open(f"{other}/evidence/{record['id']}.run.json", "w", encoding="utf-8") as file:
                json.dump(record, file, ensure_ascii=False)
    return other


def collect(folder, path, root):
    """Collects a folder into a store of its own; answers tables and the source's line."""
    place = tempfile.mkdtemp(dir=root, prefix="workspace-")
    with open(os.path.join(place, "backproof.toml"), "w", encoding="utf-8") as file:
        file.write('[organization]\nname = "Peers"\ntimezone = "UTC"\n' + folder.source("peer", path))
    done = subprocess.run([BACKPROOF, "collect"], cwd=place, capture_output=True, text=True, timeout=60, check=False)
    tables = {"collect": done.stdout + done.stderr, "code": done.returncode}
    today = datetime.now(timezone.utc).date()
    period = f"{today - timedelta(days=500)}..{today + timedelta(days=2)}"
    for table in ("runs", "recovery-points", "restore-tests"):
        shown = subprocess.run([BACKPROOF, "show", table, "--period", period, "--format", "json"], cwd=place,
                               capture_output=True, text=True, timeout=60, check=False)
        tables[table] = json.loads(shown.stdout)["rows"] if shown.returncode in (0, 4) else []
        if shown.returncode not in (0, 4):
            check(f"{folder.name}: show {table}", False, shown.stderr)
    return tables


ENDS = {"runs": "ended_at", "restore-tests": "restore_finished_at"}


def differences(table, truth, row):
    """What in a row is not as it was."""
    out = []
    begin, end = instant(row.get("started_at")), instant(row.get(ENDS[table]) or row.get("ended_at"))
    status = row.get("status") or row.get("result")
    if status != truth["status"]:
        out.append(f"status {status}, not {truth['status']} ({row.get('status_detail')})")
    for word, seen, true in (("start", begin, truth["begin"]), ("end", end, truth["end"])):
        if seen is None or abs((seen - true).total_seconds()) > truth["tolerance"]:
            out.append(f"{word} {seen}, not {true}")
    for field in ("bytes", "bytes_stored", "recovery_point_id", "resource", "component", "encrypted"):
        if field in truth and row.get(field) != truth[field]:
            out.append(f"{field} {row.get(field)}, not {truth[field]}")
    return out


def compare(folder, tables, form):
    """Every run and restore, no more and no fewer, in order of time."""
    for table in ("runs", "restore-tests"):
        rows = sorted(tables[table], key=lambda r: (r.get("started_at") or "", r["row_id"]))
        left = sorted((t for t in folder.truth if t["table"] == table), key=lambda t: t["begin"])
        for truth in left:
            name = f"{folder.name} {form}: {table} {truth['id']}"
            best = min(rows, key=lambda r: len(differences(table, truth, r)), default=None)
            wrong = differences(table, truth, best) if best else ["no row"]
            check(name, not wrong, "; ".join(wrong))
            if best and not wrong:
                rows.remove(best)
            elif best and len(wrong) < 3:
                rows.remove(best)
        extra = [(r["row_id"], r.get("status") or r.get("result"), r.get("status_detail")) for r in rows]
        check(f"{folder.name} {form}: no other {table}", not extra, str(extra))


def compare_bare(folder, tables):
    """Without run records: nothing becomes a success that was none, and no success with a listing is lost."""
    points = {t["recovery_point_id"] for t in folder.truth if t["table"] == "runs" and t.get("recovery_point_id")
              and t["status"] in ("success", "partial")}
    seen = {r["recovery_point_id"] for r in tables["runs"] if r["status"] in ("success", "partial")}
    check(f"{folder.name} bare: runs of recovery points", points <= seen, str(points - seen))
    good = sum(r["status"] == "success" for r in tables["runs"])
    true = sum(t["status"] == "success" for t in folder.truth if t["table"] == "runs")
    # An exit code alone tells partial from success for some tools.
    true += sum(t["status"] == "partial" for t in folder.truth if t["table"] == "runs")
    check(f"{folder.name} bare: no success that was none", good <= true, f"{good} successes, {true} happened")


def compare_points(folder, tables, listed, form):
    """The recovery points are those that the tool itself lists."""
    seen = {r["recovery_point_id"] for r in tables["recovery-points"] if not r.get("deleted_at")}
    check(f"{folder.name} {form}: recovery points", seen == set(listed), f"{sorted(seen)}, not {sorted(listed)}")


def judge(folder, root, forms=("list", "beside", "merged", "bare"), incomplete=()):
    """Compares what backproof makes of a folder with the truth; `incomplete` are forms that may not be whole."""
    if folder is None:
        return
    for form in forms:
        path = folder.path if form == "list" else twin(folder, form)
        tables = collect(folder, path, root)
        fine = tables["code"] == (4 if form in incomplete else 0)
        check(f"{folder.name} {form}: collected", fine, tables["collect"])
        if form == "bare":
            compare_bare(folder, tables)
        else:
            compare(folder, tables, form)
        if folder.listed is not None:
            compare_points(folder, tables, folder.listed, form)
