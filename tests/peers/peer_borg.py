"""borg: statuses, local times across a change of clocks, sizes and archives against its own JSON."""

import json
import os
import signal
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from harness import PASSPHRASE, Folder, evidence, filled, instant, judge, stamp

ZONE = "Australia/Lord_Howe"  # half an hour of daylight saving time


def test(root):
    judge(work(root), root, incomplete=("bare",))


@evidence("borg", "faketime")
def work(base):
    data = filled(os.path.join(base, "Post fach"),
                  {f"brief {at} ž.eml": bytes((at * 17 + n * n) % 249 for n in range(50_000)) for at in range(5)})
    repository = os.path.join(base, "archiv-ü")
    env = {"BORG_REPO": repository, "BORG_PASSPHRASE": PASSPHRASE, "HOME": base, "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"}
    folder = Folder(base, "borg", "borg", ZONE)
    resource = "borg:archiv-ü"

    def run(id, command, **more):
        return folder.run(id, command, {**env, **more.pop("env", {})}, **more)

    def made(id, command, status="success", faked=None):
        done = run(id, command)
        info = run(id + "-info", "borg info --json --last 1", keep=False).json()["archives"][0]
        facts = {"recovery_point_id": info["name"]}
        # The same archive's sizes in `info` change with the archives after it: the command's own JSON holds.
        own = [json.loads(done.out[done.out.index("{\n"):])["archive"]] if "--json" in command else []
        if faked:
            facts |= {"begin": faked, "end": faked}
        if own:
            stats = own[0]["stats"]
            facts |= {"bytes": stats["original_size"], "bytes_stored": stats["deduplicated_size"], "encrypted": True}
        folder.expect("runs", done, status, tolerance=4, **facts)

    refused = run("01-no-repository", f"borg create --json ::nichts '{data}'")
    folder.expect("runs", refused, "failed")
    run("02-init", "borg init -e repokey")
    # 02:00+11 becomes 01:30+10:30 on 2026-04-05 (15:00Z the day before): local 01:45 is there twice.
    # faketime takes local time; the second 01:45 is reached by an offset from the true time.
    zone = ZoneInfo(ZONE)
    for id, text, fold in (("03-first", "2026-04-05T01:45:00", 0), ("04-second", "2026-04-05T01:45:00", 1), ("05-later", "2026-04-05T03:10:00", 0)):
        true = datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)
        offset = round(true.timestamp() - datetime.now(timezone.utc).timestamp())
        made(id, f"faketime -f {offset:+d}s borg create --json --stats ::{id}-{{now:%H%M%S}} '{data}'", faked=true.astimezone(timezone.utc))
        # The wrapper's own clock is the faked one, as it would be on such a day.
        record = folder.records[-1]
        for key in ("started_at", "finished_at"):
            record[key] = stamp(instant(record[key]) + timedelta(seconds=offset))
    made("06-missing", f"borg create --json ::teil-{{now}} '{data}' '{base}/weg'", "partial")
    made("07-log-json", f"borg create --log-json --json --progress --comment 'prüfung' ::log-json '{data}'")
    made("08-text", f"borg create -v --stats --list ::text '{data}'")
    made("09-silent", f"borg create ::still '{data}'")
    run("10-dry-run", f"borg create --dry-run --list ::dry '{data}'")
    wrong = run("11-wrong-passphrase", f"borg create ::x '{data}'", env={"BORG_PASSPHRASE": "no"})
    folder.expect("runs", wrong, "failed")
    exists = run("12-exists", f"borg create --json ::text '{data}'")
    folder.expect("runs", exists, "failed")
    locked = run("13-locked", f"borg with-lock '{repository}' borg --lock-wait 1 create --json '{repository}::gesperrt' '{data}'")
    folder.expect("runs", locked, "failed")
    lock = os.path.join(repository, "lock.exclusive")
    cut = run("14-sigterm", "(sleep 60) | exec borg create --json ::abbruch -", kill=(signal.SIGTERM, lambda: os.path.exists(lock)))
    folder.expect("runs", cut, "aborted")
    run("14b-break-lock", "borg break-lock")
    back = f"{base}/back"
    os.makedirs(back)
    good = run("15-extract", "borg extract --list ::still", cwd=back)
    folder.expect("restore-tests", good, "success")
    bad = run("16-extract-none", "borg extract ::fehlt")
    folder.expect("restore-tests", bad, "failed")
    run("17-prune", "borg prune -v --list --keep-last 5")
    run("18-check", "borg check -v")
    archives = run("19-list", "borg list --json").json()["archives"]
    run("20-info", "borg info --json --last 10")
    folder.listed = [a["name"] for a in archives]
    return folder
