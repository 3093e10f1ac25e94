"""duplicity: statuses, times and sizes against its statistics, recovery points against the names of its files."""

import os
import re
import signal
import time

from harness import PASSPHRASE, Folder, evidence, filled, judge

TOOL = os.environ.get("PEER_DUPLICITY", "duplicity")


def test(root):
    judge(work(root), root, incomplete=("bare",))


@evidence(TOOL, "gpg")
def work(base):
    data = filled(os.path.join(base, "Zdroj ž"), {f"soubor {at}.bin": os.urandom(300_000) for at in range(4)})
    home = os.path.join(base, "h")  # GnuPG's sockets need a short path
    os.makedirs(home, mode=0o700)
    target = os.path.join(base, "cíl")
    url = f"file://{target}"
    env = {"PASSPHRASE": PASSPHRASE, "HOME": home, "GNUPGHOME": home, "LANGUAGE": "de"}
    folder = Folder(base, "duplicity", "duplicity", "Europe/Prague")
    resource = f"duplicity:{url}"
    words = f"{TOOL} --archive-dir '{base}/archive'"

    def run(id, command, **more):
        return folder.run(id, command.replace("duplicity ", words + " ", 1), {**env, **more.pop("env", {})}, **more)

    def sets():
        names = os.listdir(target) if os.path.isdir(target) else []
        found = (re.search(r"(?:^|\.to\.|full\.)(\d{8}T\d{6}Z)\.manifest", name) for name in names)
        return sorted(match.group(1) for match in found if match)

    def made(id, command, component, status="success", new=True, **expected):
        before = sets()
        done = run(id, command)
        numbers = dict(re.findall(r"^(\w+) ([\d.]+) ", done.out, re.M))
        facts = {"resource": resource, **expected}
        if new:
            new_sets = set(sets()) - set(before)
            if len(new_sets) != 1:
                raise RuntimeError(f"{id} made {sorted(new_sets)}: {done.code} {done.out} {done.err}")
            (facts["recovery_point_id"],) = new_sets
            facts["component"] = component
        if "StartTime" in numbers:
            facts |= {"begin": float(numbers["StartTime"]), "end": float(numbers["EndTime"]), "tolerance": 1,
                      "bytes": int(numbers["SourceFileSize"]), "bytes_stored": int(numbers["TotalDestinationSizeChange"])}
        folder.expect("runs", done, status, **facts)
        os.utime(os.path.join(data, "soubor 0.bin"), (1, len(sets())))
        return done

    gone = run("01-no-source", f"duplicity full '{base}/nic' '{url}'")
    folder.expect("runs", gone, "failed", resource=resource)
    made("02-full", f"duplicity full '{data}' '{url}'", "full", encrypted=True)
    made("03-implied", f"duplicity '{data}' '{url}'", "incremental", encrypted=True)
    made("04-verbose", f"duplicity incremental -v8 --log-timestamp '{data}' '{url}'", "incremental", encrypted=True)
    time.sleep(2)  # of a silent run only its time tells which set it made, and stamps are whole seconds
    made("05-silent", f"duplicity --no-print-statistics -v0 incremental '{data}' '{url}'", "incremental", encrypted=True)
    run("06-dry-run", f"duplicity full --dry-run '{data}' '{url}'")
    wrong = run("07-wrong-passphrase", f"duplicity restore '{url}' '{base}/zpět-1'", env={"PASSPHRASE": "no"})
    folder.expect("restore-tests", wrong, "failed", resource=resource)
    good = run("08-restore", f"duplicity restore '{url}' '{base}/zpět-2'")
    folder.expect("restore-tests", good, "success", resource=resource)
    run("09-verify", f"duplicity verify '{url}' '{data}'")
    scheme = run("10-no-scheme", f"duplicity full '{data}' nic://host/x")
    folder.expect("runs", scheme, "failed", resource="duplicity:nic://host/x")
    made("11-second-full", f"duplicity full --no-encryption --log-file '{folder.path}/evidence/log' '{data}' '{url}'", "full", encrypted=False)
    run("12-status", f"duplicity collection-status '{url}'")
    run("13-remove", f"duplicity remove-all-but-n-full 1 --force '{url}'")
    run("14-status", f"duplicity collection-status '{url}'")
    # Large enough to be at work when the signal comes; the next run resumes what this one left.
    with open(os.path.join(data, "velký.bin"), "wb") as file:
        file.write(os.urandom(60_000_000))
    half = (signal.SIGKILL, lambda: sum("difftar" in name for name in os.listdir(target)) > 2)
    cut = run("15-killed", f"exec duplicity full --volsize 1 '{data}' '{url}'", kill=half)
    folder.expect("runs", cut, "aborted", resource=resource)
    run("16-status", f"duplicity collection-status '{url}'")
    made("17-resumed", f"duplicity full --volsize 1 '{data}' '{url}'", "full", encrypted=True)
    run("18-status", f"duplicity collection-status '{url}'")
    folder.listed = sets()
    return folder
