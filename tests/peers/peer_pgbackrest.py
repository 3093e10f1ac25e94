"""pgBackRest with a real PostgreSQL: statuses, local stamps, sizes and labels against `info --output=json`."""

import os
import shutil
import signal

from harness import PASSPHRASE, Folder, evidence, judge, own
from postgres import Server

ZONE = "America/St_Johns"  # half an hour beside the full hour


def processes(log):
    """What each process has logged so far."""
    with open(log, encoding="utf-8") as file:
        return file.read().split("PROCESS START")[1:]


def test(root):
    judge(work(root), root)


@evidence("pgbackrest", "/usr/lib/postgresql/15/bin/postgres", "runuser")
def work(base):
    server = Server(base, "data", 54317)
    for name in ("repo", "repo2", "lock", "log", "spool", "back"):
        os.makedirs(f"{base}/{name}")
        own(f"{base}/{name}")
    conf = f"{base}/pgbackrest.conf"
    with open(conf, "w", encoding="utf-8") as file:
        file.write(f"""[global]
repo1-path={base}/repo
repo1-retention-full=2
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass={PASSPHRASE}
lock-path={base}/lock
log-path={base}/log
spool-path={base}/spool
log-level-console=info
log-level-file=detail
start-fast=y
compress-type=lz4
process-max=2
archive-timeout=20

[kasse-01]
pg1-path={server.data}
pg1-port={server.port}
pg1-socket-path={base}
pg1-user=postgres
""")
    tool = f"pgbackrest --config={conf} --stanza=kasse-01"
    folder = Folder(base, "pgbackrest", "pgbackrest", ZONE)

    def run(id, command, **more):
        return folder.run(id, command, server=True, **more)

    def info():
        return run("info", f"{tool} --output=json info", keep=False).json()[0].get("backup", [])

    def made(id, words, component, **more):
        done = run(id, f"{tool} {words} backup", **more)
        newest = info()[-1]
        size = newest["info"]
        folder.expect("runs", done, "success", begin=newest["timestamp"]["start"], end=newest["timestamp"]["stop"],
                      recovery_point_id=newest["label"], bytes=size["size"], bytes_stored=size["repository"]["delta"],
                      encrypted=True, component=component, resource="pgbackrest:kasse-01", tolerance=1)
        return newest

    try:
        server.start("archive_mode = on", f"archive_command = '{tool} --log-level-console=off archive-push %p'", "max_wal_senders = 3")
        early = run("01-no-stanza", f"{tool} backup")
        folder.expect("runs", early, "failed")
        run("02-stanza-create", f"{tool} stanza-create")
        made("03-full", "--type=full", "full")
        server.sql("create table t as select g, md5(g::text) from generate_series(1,20000) g")
        made("04-incr", "--type=incr --annotation=grund=nächtlich", "incremental")
        made("05-diff-quiet", "--type=diff --log-level-console=error", "incremental")
        made("06-full-detail", "--type=full --log-level-console=detail --compress-type=lz4", "full")
        server.sql("insert into t select g, md5(g::text) from generate_series(1,20000) g")
        broken = f"{tool} --type=incr --archive-timeout=30"
        server.sql("alter system set archive_command = 'false pgbackrest'")
        server.sql("select pg_reload_conf()")
        log = f"{base}/log/kasse-01-backup.log"
        timeout = run("07-archive-timeout", f"{tool} --type=incr --archive-timeout=1 backup")
        folder.expect("runs", timeout, "failed")
        before = len(processes(log))

        def copying():
            return len(processes(log)) > before and "execute non-exclusive" in processes(log)[-1]

        cut = run("08-sigterm", f"exec {broken} backup", kill=(signal.SIGTERM, copying))
        folder.expect("runs", cut, "aborted")
        server.sql("alter system reset archive_command")
        server.sql("select pg_reload_conf()")
        refused = run("09-no-database", f"{tool} --pg1-port=1 backup")
        folder.expect("runs", refused, "failed")
        locker = run("10-locked", f"exec 9<>'{base}/lock/kasse-01-backup.lock'; flock -x 9; {tool} backup")
        folder.expect("runs", locker, "failed")
        run("10b-info", f"{tool} --output=json info")
        last = made("11-full", "--type=full", "full")
        run("12-dry", f"{tool} --dry-run --type=incr backup")
        good = run("13-restore", f"{tool} --pg1-path={base}/back --set={last['label']} restore")
        folder.expect("restore-tests", good, "success", recovery_point_id=last["label"], tolerance=2)
        bad = run("14-restore-refused", f"{tool} restore")
        folder.expect("restore-tests", bad, "failed")
        run("15-verify", f"{tool} --log-level-console=detail verify")
        run("16-info", f"{tool} --output=json info")
        folder.listed = [b["label"] for b in info()]
    finally:
        server.stop()
    os.makedirs(f"{folder.path}/log")
    for name in os.listdir(f"{base}/log"):
        shutil.copy(f"{base}/log/{name}", f"{folder.path}/log/{name}")
    return folder
