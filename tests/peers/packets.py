"""Real packets for the peers of `publish`: a small store, and from it packets of any month."""

import json
import os

from harness import check
from live import Workspace

ORGANISATION = "Example <b>Robotics</b>"
CONFIG = f"""[organization]
name = "{ORGANISATION}"
timezone = "UTC"

[sources.runs.nightly]
path = "drop/nightly.jsonl"
covers = {{ systems = ["*"], from = 2026-01-01T00:00:00Z, complete = true }}
"""
INVENTORY = """[[system]]
id = "shop-db"
name = "Shop database"
kind = "database"
environment = "production"
criticality = "critical"
tier = "critical_online_services"
owner = "Shop team"
data_classes = ["customer"]
in_scope = true
onboarded_at = 2025-03-01T00:00:00Z

[[plan]]
id = "shop-daily"
system = "shop-db"
component = "full"
schedule = "0 2 * * *"
timezone = "UTC"
enabled = true
effective_from = 2025-03-01T00:00:00Z
"""


class Workshop(Workspace):
    """A workspace that has collected a year of runs, and writes packets."""

    def __init__(self, root: str, more: str = "", **env: str):
        super().__init__(root, "", **env)
        self.write("backproof.toml", CONFIG + more)
        self.write("inventory.toml", INVENTORY)
        runs = [{"run_id": f"r{m}-{d}", "system_id": "shop-db", "plan_id": "shop-daily", "component": "full", "started_at": f"2026-{m:02}-{d:02}T02:00:00Z",
                 "ended_at": f"2026-{m:02}-{d:02}T02:20:00Z", "status": "success"} for m in range(5, 11) for d in range(1, 29)]
        self.write("drop/nightly.jsonl", "".join(json.dumps(run) + "\n" for run in runs))

    def write(self, name: str, text: str):
        os.makedirs(os.path.dirname(f"{self.path}/{name}"), exist_ok=True)
        with open(f"{self.path}/{name}", "w", encoding="utf-8") as file:
            file.write(text)

    def packet(self, folder: str, month: str, *more: str) -> str:
        """Writes a packet of a month; answers its folder."""
        done = self.run("report", "packet", "--period", month, "--as-of", "2099-01-01T00:00:00Z", "--framework", "soc2", "--framework", "hipaa",
                        "--out", folder, *more)
        check(f"a packet of {month} is written", done.returncode == 0, done.stdout + done.stderr)
        return folder


def content(folder: str) -> dict[str, bytes]:
    """Every file of a folder by its name in it."""
    out = {}
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as file:
                out[os.path.relpath(os.path.join(place, name), folder)] = file.read()
    return out
