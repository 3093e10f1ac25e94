"""rclone: statuses and times against its exit codes; which remotes encrypt against its own list."""

import os
import signal
import time

from harness import PASSPHRASE, Folder, evidence, filled, judge

TOOL = os.environ.get("PEER_RCLONE", "rclone")


def test(root):
    judge(work(root), root)


@evidence(TOOL)
def work(base):
    data = filled(os.path.join(base, "kaynak ğ"), {f"dosya {at}.bin": os.urandom(50_000) for at in range(4)})
    config = os.path.join(base, "rclone.conf")
    folder = Folder(base, "rclone", "rclone", "Europe/Istanbul")
    words = f"{TOOL} --config '{config}'"
    run = lambda id, command, **more: folder.run(id, command.replace("rclone ", words + " ", 1), **more)
    run("00-config", f"rclone config create kasa crypt remote '{base}/kasa' password {PASSPHRASE} --obscure", keep=False)
    run("00-alias", f"rclone config create uzak alias remote '{base}/uzak'", keep=False)
    run("01-remotes", "rclone listremotes --long")

    def copied(id, command, status, resource, **expected):
        done = run(id, command, **expected.pop("more", {}))
        folder.expect("runs", done, status, resource=f"rclone:{resource}", component="mirror", **expected)
        return done

    copied("02-sync", f"rclone sync '{data}' uzak:a", "success", "uzak:a", encrypted=None)
    copied("03-verbose", f"rclone sync -v '{data}' uzak:a/", "success", "uzak:a", encrypted=None)
    copied("04-debug", f"rclone copy -vv '{data}' kasa:b", "success", "kasa:b", encrypted=True)
    copied("05-json", f"rclone copy --use-json-log -v '{data}' kasa:c", "success", "kasa:c", encrypted=True)
    copied("06-one-line", f"rclone copy -v --stats-one-line --transfers 2 '{data}' uzak:d", "success", "uzak:d")
    copied("07-progress", f"rclone copy -P '{data}' uzak:e", "success", "uzak:e")
    copied("08-nothing", f"rclone copy -v --error-on-no-transfer '{data}' uzak:e", "success", "uzak:e")
    run("09-dry-run", f"rclone sync -n '{data}' uzak:f")
    copied("10-no-source", f"rclone copy -v '{base}/yok' uzak:g", "failed", "uzak:g")
    copied("11-no-remote", f"rclone copy -v '{data}' yok:h", "failed", "yok:h")
    copied("12-limit", f"rclone copy --use-json-log --max-transfer 60k '{data}' uzak:i", "failed", "uzak:i")
    copied("13-flag", f"rclone copy --yok '{data}' uzak:j", "failed", "uzak:j")
    log = os.path.join(folder.path, "evidence", "kayıt.log")
    copied("14-log-file", f"rclone sync -v --log-file '{log}' '{data}' uzak:k", "success", "uzak:k")
    time.sleep(2.5)  # what tells runs in one log apart is their start, to the second
    copied("15-log-file", f"rclone sync -v --log-file '{log}' '{base}/yok' uzak:k", "failed", "uzak:k")
    begun = lambda: os.path.isdir(f"{base}/uzak/l")
    for id, number in (("16-interrupted", signal.SIGINT), ("17-killed", signal.SIGKILL)):
        copied(id, f"exec rclone copy -v --bwlimit 20k '{data}' uzak:l", "aborted", "uzak:l", more={"kill": (number, begun)})
        run(id + "-purge", "rclone purge uzak:l", keep=False)
    run("18-check", f"rclone check '{data}' uzak:a")
    run("19-cryptcheck", f"rclone cryptcheck '{data}' kasa:b")
    run("20-size", "rclone size --json uzak:a")
    run("21-list", "rclone lsjson -R uzak:a")
    return folder
