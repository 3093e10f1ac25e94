"""rsnapshot: statuses and times against the clock around its commands and its own exit codes."""

import os
import signal
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from harness import Folder, evidence, filled, instant, judge, stamp

ZONE = "Europe/Lisbon"


def test(root):
    judge(work(root), root)


@evidence("rsnapshot", "rsync", "faketime")
def work(base):
    data = filled(os.path.join(base, "dados"), {f"ficheiro {at}.bin": os.urandom(50_000) for at in range(4)})
    folder = Folder(base, "rsnapshot", "rsnapshot", ZONE)
    log = f"{folder.path}/evidence/rsnapshot.log"
    snapshots = f"{base}/snapshots"
    resource = f"rsnapshot:{snapshots}"

    def configure(name, *more, source=data, **settings):
        lines = {"config_version": "1.2", "snapshot_root": snapshots + "/", "cmd_rsync": "/usr/bin/rsync", "cmd_cp": "/bin/cp",
                 "cmd_rm": "/bin/rm", "verbose": "2", "loglevel": "3", "logfile": log, "lockfile": f"{base}/pid", **settings}
        text = "".join(f"{key}\t{value}\n" for key, value in lines.items())
        text += "retain\tdaily\t3\nretain\tweekly\t2\n" + f"backup\t{source}/\tlocalhost/\n" + "".join(m + "\n" for m in more)
        with open(f"{base}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
        return f"rsnapshot -c {base}/{name}"

    usual = configure("usual.conf")
    # 02:00 summer time becomes 01:00 on 2026-10-25: local 01:30 is there twice.
    zone = ZoneInfo(ZONE)
    for id, text, fold in (("01-before", "2026-10-24T01:30:00", 0), ("02-first", "2026-10-25T01:30:00", 0),
                           ("03-second", "2026-10-25T01:30:00", 1), ("04-after", "2026-10-26T01:30:00", 0)):
        true = datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)
        offset = round(true.timestamp() - datetime.now(timezone.utc).timestamp())
        done = folder.run(id, f"faketime -f {offset:+d}s {usual} daily")
        at = true.astimezone(timezone.utc)
        folder.expect("runs", done, "success", begin=at, end=at, tolerance=3, resource=resource, encrypted=False)
        record = folder.records[-1]
        for key in ("started_at", "finished_at"):
            record[key] = stamp(instant(record[key]) + timedelta(seconds=offset))
    folder.run("05-weekly", f"{usual} weekly")
    refused = folder.run("06-no-source", f"{configure('gone.conf', source=base + '/nada')} daily")
    folder.expect("runs", refused, "failed", resource=resource)
    with open(f"{base}/pid", "w", encoding="utf-8") as file:
        file.write(str(os.getpid()))
    locked = folder.run("07-locked", f"{usual} daily")
    folder.expect("runs", locked, "failed", resource=resource)
    os.remove(f"{base}/pid")
    # rsync ends with 23 where it could not read everything: a warning.
    warns = f"{base}/rsync-23"
    with open(warns, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n/usr/bin/rsync \"$@\"\nexit 23\n")
    os.chmod(warns, 0o755)
    warned = folder.run("08-warned", f"{configure('warned.conf', cmd_rsync=warns)} daily")
    folder.expect("runs", warned, "partial", resource=resource, encrypted=False)
    fails = f"{base}/rsync-12"
    with open(fails, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nexit 12\n")
    os.chmod(fails, 0o755)
    failed = folder.run("09-failed", f"{configure('failed.conf', cmd_rsync=fails)} daily")
    folder.expect("runs", failed, "failed", resource=resource)
    sleeps = f"{base}/rsync-slow"
    with open(sleeps, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\ntouch \"$0.began\"\nexec sleep 60\n")
    os.chmod(sleeps, 0o755)
    slow = configure("slow.conf", cmd_rsync=sleeps)
    cut = folder.run("10-terminated", f"exec {slow} daily", kill=(signal.SIGTERM, lambda: os.path.exists(sleeps + ".began")))
    folder.expect("runs", cut, "aborted", resource=resource)
    os.remove(sleeps + ".began")
    cut = folder.run("11-killed", f"exec {slow} daily", kill=(signal.SIGKILL, lambda: os.path.exists(sleeps + ".began")))
    folder.expect("runs", cut, "aborted", resource=resource)
    stale = folder.run("12-stale-lock", f"{usual} daily")
    folder.expect("runs", stale, "partial", resource=resource)
    shown = folder.run("13-verbose", f"rsnapshot -v -c {base}/usual.conf daily")
    folder.expect("runs", shown, "success", resource=resource)
    folder.run("14-test", f"rsnapshot -t -c {base}/usual.conf daily")
    folder.run("15-du", f"{usual} du")
    return folder
