"""rdiff-backup: statuses, times and sizes against its session statistics, recovery points against its list."""

import glob
import json
import os
import re
import signal
import time
from datetime import datetime, timezone

from harness import Folder, evidence, filled, judge

TOOL = os.environ.get("PEER_RDIFF_BACKUP", "rdiff-backup")


REPOSITORY, ZONE = "dépôt", "Asia/Kolkata"


def test(root):
    folder = work(root)
    judge(folder, root)
    if folder:
        judge(own_files(os.path.dirname(folder.path)), root, forms=("list",))


def statistics(repository):
    """What each session says of itself, by file."""
    files = glob.glob(glob.escape(repository) + "/rdiff-backup-data/session_statistics.*")
    return {file: dict(re.findall(r"^(\w+) (-?[\d.]+)", open(file, encoding="utf-8").read(), re.M)) for file in files}


def point(file):
    """The recovery point that a session's file is named after."""
    at = datetime.fromisoformat(re.search(r"statistics\.(.*)\.data", file).group(1)).astimezone(timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@evidence(TOOL)
def work(base):
    data = filled(os.path.join(base, "donnees é"), {f"fichier {at}.bin": os.urandom(100_000) for at in range(4)})
    repository = os.path.join(base, REPOSITORY)
    folder = Folder(base, "rdiff-backup", "rdiff-backup", ZONE)
    resource = f"rdiff-backup:{repository}"

    def run(id, command, **more):
        return folder.run(id, command.replace("rdiff-backup ", TOOL + " ", 1), **more)

    def made(id, command, status="success"):
        # Sessions of one second are refused; what has not changed leaves no increment.
        time.sleep(1.1)
        with open(os.path.join(data, "fichier 0.bin"), "ab") as file:
            file.write(b"plus")
        before = statistics(repository)
        done = run(id, command)
        (file,) = set(statistics(repository)) - set(before)
        numbers = statistics(repository)[file]
        folder.expect("runs", done, status, begin=float(numbers["StartTime"]), end=float(numbers["EndTime"]), tolerance=2,
                      resource=resource, encrypted=False, bytes=int(numbers["SourceFileSize"]),
                      bytes_stored=int(numbers["TotalDestinationSizeChange"]) if "print-statistics" in command else None,
                      recovery_point_id=point(file))
        if folder.truth[-1]["bytes_stored"] is None:
            # A silent command tells no size, and its session's statistics are not collected here.
            del folder.truth[-1]["bytes_stored"], folder.truth[-1]["bytes"]

    gone = run("01-no-source", f"rdiff-backup backup '{base}/rien' '{repository}'")
    folder.expect("runs", gone, "failed", resource=resource)
    made("02-new", f"rdiff-backup backup '{data}' '{repository}'")
    made("03-old", f"rdiff-backup --print-statistics '{data}' '{repository}'")
    made("04-api", f"rdiff-backup --api-version 201 backup --print-statistics '{data}' '{repository}'")
    made("05-verbose", f"rdiff-backup -v9 backup --print-statistics '{data}' '{repository}'")
    good = run("06-restore", f"rdiff-backup restore '{repository}' '{base}/retour'")
    folder.expect("restore-tests", good, "success", resource=resource)
    bad = run("07-restore-exists", f"rdiff-backup restore '{repository}' '{base}/retour'")
    folder.expect("restore-tests", bad, "failed", resource=resource)
    old = run("08-restore-old", f"rdiff-backup -r 2B '{repository}' '{base}/retour 2'")
    folder.expect("restore-tests", old, "success", resource=resource)
    run("09-verify", f"rdiff-backup verify '{repository}'")
    with open(os.path.join(data, "grand.bin"), "wb") as file:
        file.write(os.urandom(150_000_000))
    time.sleep(1.1)
    mirrors = glob.escape(repository) + "/rdiff-backup-data/current_mirror.*"
    cut = run("10-killed", f"exec rdiff-backup backup '{data}' '{repository}'",
              kill=(signal.SIGKILL, lambda: len(glob.glob(mirrors)) > 1))
    folder.expect("runs", cut, "aborted", resource=resource)
    run("11-list-broken", f"rdiff-backup list increments '{repository}'")
    # It cleans up after the killed one, and warns of that.
    made("12-after", f"rdiff-backup backup --print-statistics '{data}' '{repository}'",
         "partial")
    run("13-list", f"rdiff-backup list increments '{repository}'")
    listed = run("14-list-parsable", f"rdiff-backup --api-version 201 --parsable-output list increments '{repository}'")
    run("15-sizes", f"rdiff-backup list increments --size '{repository}'")
    times = re.findall(r"time: (\d+)", listed.out)
    folder.listed = [datetime.fromtimestamp(int(t), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") for t in times]
    return folder


def own_files(base):
    """The repository's own files, without any run record."""
    repository = os.path.join(base, REPOSITORY)
    other = Folder(base, "rdiff-backup-data", "rdiff-backup", ZONE)
    for file in os.listdir(f"{repository}/rdiff-backup-data"):
        if file.startswith(("session_statistics", "current_mirror", "error_log", "backup.log")):
            source = f"{repository}/rdiff-backup-data/{file}"
            with open(f"{other.path}/evidence/{file}", "wb") as copy:
                copy.write(open(source, "rb").read())
    for file, numbers in statistics(repository).items():
        begin, end = (datetime.fromtimestamp(float(numbers[n]), timezone.utc) for n in ("StartTime", "EndTime"))
        other.truth.append({"table": "runs", "id": file.rsplit("/", 1)[-1], "status": "success", "begin": begin, "end": end,
                            "tolerance": 1, "bytes": int(numbers["SourceFileSize"]), "resource": f"rdiff-backup:{repository}",
                            "recovery_point_id": point(file)})
    other.write_list()
    return other
