"""Runs every peer (or those named) and prints how many comparisons held."""

import contextlib
import glob
import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import harness

# Those that take longest start first.
LONG = ["pdf", "github", "pgbackrest", "heroku", "aws", "borg"]
# Uses what the others made.
LAST = ["together"]


def peers():
    """Every file peer_NAME.py is a peer."""
    here = os.path.dirname(os.path.abspath(__file__))
    names = {os.path.basename(path)[len("peer_"):-len(".py")] for path in glob.glob(os.path.join(here, "peer_*.py"))}
    return [n for n in LONG if n in names] + sorted(names - {*LONG, *LAST}) + [n for n in LAST if n in names]


def module(peer):
    return importlib.import_module(f"peer_{peer}")


def one(peer, root):
    begin = time.monotonic()
    try:
        module(peer).test(root)
    except Exception:  # a peer that breaks is a failure of its own; the others still run
        harness.check(f"{peer}: runs through", False, traceback.format_exc())
    print(f"{peer}: {time.monotonic() - begin:.1f} s", flush=True)


def main():
    if not os.access(harness.BACKPROOF, os.X_OK):
        sys.exit("set BACKPROOF to the path of the built backproof binary")
    # A shell that runs this in the background lets it ignore Ctrl-C, and what is started here would ignore it too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    chosen = sys.argv[1:] or peers()
    # Before the threads: two that import at once can meet half a module. One that can't be imported fails below.
    for peer in chosen:
        with contextlib.suppress(Exception):
            module(peer)
    root = tempfile.mkdtemp(prefix="backproof-peers-")
    os.chmod(root, 0o755)
    try:
        # Two at a time: each peer has its own folder, port and repository.
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda peer: one(peer, root), chosen))
    finally:
        if os.environ.get("KEEP_PEERS"):
            print(f"kept {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)
    print(f"{len(harness.passed)} passed, {len(harness.failed)} failed")
    return 1 if harness.failed else 0


if __name__ == "__main__":
    sys.exit(main())
