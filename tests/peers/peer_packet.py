"""A packet in other hands: bagit-python, by the Library of Congress, accepts it and sees damage; the script that
recounts every figure, on the sample company with its real tools' outputs."""

import os
import pathlib
import subprocess
import sys

import bagit

from harness import BACKPROOF, check

RECOUNT = pathlib.Path(__file__).parent.parent / "recount.py"


def test(root):
    folder = pathlib.Path(root) / "packet"
    subprocess.run([BACKPROOF, "demo", "--dir", folder], capture_output=True, check=False)
    command = [BACKPROOF, "report", "packet", "--period", "2026-10", "--as-of", "2099-01-01T00:00:00Z", "--out", "out"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    check("packet: written", ran.returncode == 4, ran)
    packet = folder / "out"
    bag = bagit.Bag(str(packet))
    check("packet: bagit-python accepts it", bag.is_valid())
    check("packet: its version and encoding", (bag.version, bag.encoding) == ("1.0", "UTF-8"), (bag.version, bag.encoding))
    check("packet: bagit-python reads who and when", bag.info["Source-Organization"] == "Example Robotics"
          and bag.info["Bagging-Date"] == "2099-01-01", bag.info)
    check("packet: nothing beyond SHA-256", bag.algorithms == ["sha256"], bag.algorithms)
    ran = subprocess.run([sys.executable, "-B", RECOUNT, packet], capture_output=True, text=True, check=False)
    check("packet: every figure is recounted", ran.returncode == 0, ran.stdout)
    print("packet:", ran.stdout.strip().replace("\n", "; "), flush=True)
    for name, change in [("a byte", lambda p: p.write_bytes(p.read_bytes()[:-1] + b"?")), ("a file", lambda p: p.unlink())]:
        victim = packet / ("data/figures.csv" if name == "a byte" else "data/lineage.csv")
        os.chmod(victim, 0o644)
        change(victim)
        check(f"packet: bagit-python sees {name} changed", not bagit.Bag(str(packet)).is_valid())
