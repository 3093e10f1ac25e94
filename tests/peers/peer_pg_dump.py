"""pg_dump, pg_dumpall and pg_restore: statuses, times and sizes against exit codes and the files they made."""

import os
import shutil
import signal
import subprocess

from harness import Folder, as_server_user, evidence, judge, own, wait_for
from postgres import BIN, Server

ZONE = "Pacific/Chatham"  # 12:45 and 13:45


def test(root):
    judge(work(root), root, incomplete=("bare",))


@evidence("/usr/lib/postgresql/15/bin/postgres", "runuser")
def work(base):
    server = Server(base, "data", 54318)
    os.makedirs(f"{base}/dumps ü")
    own(f"{base}/dumps ü")
    folder = Folder(base, "pg-dump", "pg-dump", ZONE)
    env = {"PGHOST": base, "PGPORT": str(server.port), "PGUSER": "postgres", "HOME": base, "GNUPGHOME": base}
    tools = f"PATH={BIN}:$PATH; "

    def run(id, command, **more):
        done = folder.run(id, tools + command, {**env, **more.pop("env", {})}, server=True, cwd=base, **more)
        # The record names the command that ran, not how this test finds it.
        folder.records[-1]["command"] = command
        return done

    def made(id, command, file=None, status="success", **more):
        done = run(id, command)
        if file:
            more["bytes"] = os.path.getsize(f"{base}/{file}")
        folder.expect("runs", done, status, **more)

    try:
        server.start("wal_level = replica", "max_wal_senders = 3")
        server.sql("create database laden")
        server.sql('create database \\"Köln 2\\"')
        server.sql("create table waren as select g as nr, md5(g::text) as name from generate_series(1,5000) g", "laden")
        made("01-custom", "pg_dump -Fc -f laden.dump laden", "laden.dump", resource="pg-dump:laden")
        made("02-plain-verbose", "pg_dump -v -d laden -f 'dumps ü/laden voll.sql'", "dumps ü/laden voll.sql", resource="pg-dump:laden")
        made("03-name", "pg_dump --verbose --format=custom --file=koeln.dump 'Köln 2'", "koeln.dump", resource="pg-dump:Köln 2")
        made("04-uri", "pg_dump -Fc 'postgresql:///laden' > uri.dump", "uri.dump", resource="pg-dump:laden")
        made("05-gzip", "set -o pipefail; pg_dump laden | gzip > laden.sql.gz", None, resource="pg-dump:laden")
        made("06-directory", "pg_dump -Fd -j 2 -f laden.dir -v laden", None, resource="pg-dump:laden")
        made("07-all", "pg_dumpall -f alles.sql", "alles.sql")
        made("08-no-database", "pg_dump -Fc -f x.dump fehlt", status="failed", resource="pg-dump:fehlt")
        made("09-refused", "pg_dump -Fc -f y.dump laden -h /nirgends", status="failed", resource="pg-dump:laden")
        made("10-no-folder", "pg_dump -f weg/z.sql laden", status="failed")
        made("11-pipe", "pg_dump fehlt | gzip > fehlt.sql.gz", status="failed")
        lock = "begin; lock table waren; select pg_sleep(60)"
        holder = subprocess.Popen(as_server_user([f"{BIN}/psql", "-h", base, "-p", str(server.port), "-U", "postgres", "-d", "laden", "-c", lock]),
                                  cwd=base, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        def waiting():
            return server.sql("select count(*) from pg_stat_activity where application_name = 'pg_dump' and wait_event_type = 'Lock'") == "1"
        wait_for(lambda: server.sql("select count(*) from pg_locks where mode = 'AccessExclusiveLock'") != "0", "lock")
        cut = run("12-sigterm", "exec pg_dump -v -Fc -f cut.dump laden", kill=(signal.SIGTERM, waiting))
        folder.expect("runs", cut, "aborted", resource="pg-dump:laden")
        late = run("13-lock-timeout", "pg_dump --lock-wait-timeout=300 -f late.sql laden")
        folder.expect("runs", late, "failed", resource="pg-dump:laden")
        server.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()")
        holder.wait(timeout=20)
        server.sql("create database zurueck")
        good = run("14-restore", "pg_restore -v --exit-on-error -d zurueck laden.dump")
        folder.expect("restore-tests", good, "success")
        bad = run("15-restore-again", "pg_restore -d zurueck laden.dump")
        folder.expect("restore-tests", bad, "failed")
        run("16-list", "pg_restore -l laden.dump")
        made("17-basebackup", "pg_basebackup -D basis -Ft -z -v --checkpoint=fast")
    finally:
        server.stop()
    # The dumps themselves are evidence of their sizes; a folder of dumps stays where it is.
    for name in os.listdir(base):
        if name.endswith((".dump", ".sql", ".gz")):
            shutil.copy(f"{base}/{name}", f"{folder.path}/evidence/{name}")
    shutil.copytree(f"{base}/dumps ü", f"{folder.path}/evidence/dumps ü")
    return folder
