"""restic: statuses, times, sizes and snapshots against its own JSON."""

import json
import os
import signal

from harness import PASSPHRASE, Folder, evidence, filled, judge


def test(root):
    judge(work(root), root, incomplete=("bare",))


@evidence("restic")
def work(base):
    data = filled(os.path.join(base, "Daten ü", "jährlich"),
                  {f"datei {at} ß.bin": bytes((at * 31 + n * n) % 251 for n in range(40_000)) for at in range(6)})
    repository = os.path.join(base, "Repo")
    env = {"RESTIC_REPOSITORY": repository, "RESTIC_PASSWORD": PASSPHRASE, "HOME": base, "RESTIC_PROGRESS_FPS": "1"}
    folder = Folder(base, "restic", "restic", "Asia/Kathmandu", host="büro-01")
    H = "--host büro-01"
    resource = f"restic:büro-01{data}"

    def run(id, command, **more):
        return folder.run(id, command, {**env, **more.pop("env", {})}, **more)

    refused = run("01-no-repository", f"restic backup {H} '{data}'")
    folder.expect("runs", refused, "failed", resource=resource)
    run("02-init", "restic init")

    def made(id, command, status="success", **expected):
        done = run(id, command)
        snapshots = json.loads(run(id + "-ids", "restic snapshots --json", keep=False).out)
        newest = max(snapshots, key=lambda s: s["time"])
        facts = {"recovery_point_id": newest["id"], "begin": newest["time"], "encrypted": True, **expected}
        if "--json" in command:
            summary = [json.loads(line) for line in done.out.splitlines() if '"summary"' in line][-1]
            facts |= {"bytes": summary["total_bytes_processed"], "bytes_stored": summary["data_added"]}
        folder.expect("runs", done, status, **facts)

    made("03-json", f"restic backup --json {H} --tag täglich '{data}'")
    made("04-text", f"restic backup -v {H} '{data}'")
    made("05-quiet", f"sh -c \"restic --quiet backup {H} --exclude '*1 ß.bin' '{data}'\"", resource=resource)
    made("06-list", f"restic -vv backup {H} --tag a,b '{data}'")
    made("07-stdin", f"printf 'x%.0s' {{1..5000}} | restic backup --json {H} --stdin --stdin-filename 'dump 1.sql'")
    run("08-dry-run", f"restic backup -n {H} '{data}'")
    wrong = run("09-wrong-password", f"restic backup --json {H} '{data}'", env={"RESTIC_PASSWORD": "no"})
    folder.expect("runs", wrong, "failed")
    gone = run("10-source-gone", f"restic backup {H} '{base}/gone'")
    folder.expect("runs", gone, "failed")
    locks = os.path.join(repository, "locks")
    cut = run("11-sigint", f"(echo start; sleep 60) | exec restic backup --json {H} --stdin",
              kill=(signal.SIGINT, lambda: bool(os.listdir(locks))))
    folder.expect("runs", cut, "aborted")
    run("12-unlock", "restic unlock --remove-all")
    good = run("13-restore", f"restic restore latest --host büro-01 --path '{data}' --target '{base}/back'")
    folder.expect("restore-tests", good, "success")
    bad = run("14-restore-none", f"restic restore 0badcafe --target '{base}/back2'")
    folder.expect("restore-tests", bad, "failed")
    run("15-check", "restic check --read-data")
    snapshots = run("16-snapshots", "restic snapshots --json").json()
    folder.listed = [s["id"] for s in snapshots]
    return folder
