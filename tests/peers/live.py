"""What the peers of the live collectors share: servers on loopback, clean environments, workspaces that collect.

Servers of ours are threads of this process (`Loopback`), others' are processes (`Program`). Everything listens on
127.0.0.1 and a free port, and ends with the test.
"""

import glob
import json
import os
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import harness
from harness import check

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "backproof")
VENV = os.environ.get("BACKPROOF_VENV") or f"{CACHE}/venv"


def environment(home: str, **more: str) -> dict[str, str]:
    """Nothing of the machine but its search path: no proxy, no credential, no configuration of its user."""
    return {"PATH": os.environ["PATH"], "HOME": home, "LC_ALL": "C.UTF-8", "TZ": "UTC", **more}


def free_ports(count: int) -> list[int]:
    """Different ones, below those that connections of whoever else runs here get from the system."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def open_port(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
        return True
    except OSError:
        return False


def there(what: str, *paths: str) -> bool:
    """Something that tests/run installs; missing, it fails the test."""
    missing = [p for p in paths if not os.path.exists(p)]
    check(f"installed: {what}", not missing, f"not found: {', '.join(missing)}; `tests/run setup` installs it")
    return not missing


@dataclass
class Request:
    method: str
    path: str  # as sent, still escaped
    query: dict[str, list[str]]
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def parts(self) -> list[str]:
        """Segments of the path, unescaped; a slash at the end adds none."""
        return [unquote(p) for p in self.path.split("/") if p]

    def one(self, name: str, otherwise: str = "") -> str:
        return self.query.get(name, [otherwise])[0]


@dataclass
class Reply:
    status: int = 200
    body: object = None  # bytes as they are, None for no body, anything else as JSON
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0  # bytes left out at the end, after which the connection is closed
    delay: float = 0

    def bytes(self) -> bytes:
        if self.body is None or isinstance(self.body, bytes):
            return self.body or b""
        return json.dumps(self.body, ensure_ascii=False).encode()


class Loopback:
    """An HTTP server that answers with `answer(request)`. It keeps every request, and tells planned lies first."""

    content_type = "application/json"

    def __init__(self, port: int = 0):
        self.requests: list[Request] = []
        self.faults: list[tuple[str, Reply, list[int]]] = []
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60
            wbufsize, disable_nagle_algorithm = 65536, True

            def log_message(self, *_):
                pass

            def handle_any(self):
                length = int(self.headers.get("content-length") or 0)
                split = urlsplit(self.path)
                request = Request(self.command, split.path, parse_qs(split.query, keep_blank_values=True),
                                  {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length))
                with outer.lock:
                    outer.requests.append(request)
                    reply = outer.planned(request) or outer.answer(request)
                time.sleep(reply.delay)
                body = reply.bytes()
                self.send_response(reply.status)
                headers = {"Content-Type": outer.content_type, **reply.headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                if reply.status not in (204, 304):
                    self.send_header("Content-Length", str(len(body)))
                if self.close_connection:
                    # Who is not told would use the connection again.
                    self.send_header("Connection", "close")
                self.end_headers()
                if self.command != "HEAD" and reply.status not in (204, 304):
                    self.wfile.write(body[:len(body) - reply.cut])
                self.close_connection = self.close_connection or reply.cut > 0

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = handle_any

        ThreadingHTTPServer.daemon_threads = True
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True, kwargs={"poll_interval": 0.05}).start()

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def fault(self, path: str, reply: Reply, times: int = 10**6):
        """Answers the next requests whose path contains `path` with this instead."""
        self.faults.append((path, reply, [times]))

    def planned(self, request: Request) -> Reply | None:
        for path, reply, left in self.faults:
            if path in request.path and left[0] > 0:
                left[0] -= 1
                return reply
        return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Program:
    """Somebody else's server: started, waited for, and ended with all that it started."""

    def __init__(self, name: str, words: list[str], ports: list[int], env: dict[str, str], cwd: str, seconds: int = 90):
        self.name, self.log = name, os.path.join(cwd, f"{name}.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=cwd,
                                            start_new_session=True)
        limit = time.monotonic() + seconds
        while not all(open_port(port) for port in ports):
            if self.process.poll() is not None or time.monotonic() > limit:
                self.stop()
                with open(self.log, encoding="utf-8", errors="replace") as log:
                    raise RuntimeError(f"{name} did not start: {log.read()[-2000:]}")
            time.sleep(0.1)

    def stop(self):
        """What it holds is thrown away, so it need not end in order."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(timeout=10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Workspace:
    """A folder with a configuration; what `backproof` says and stores there."""

    def __init__(self, root: str, sources: str, **env: str):
        self.path = tempfile.mkdtemp(dir=root, prefix="workspace-")
        self.env = environment(self.path, **env)
        self.said = ""
        self.code: int | None = None
        with open(os.path.join(self.path, "backproof.toml"), "w", encoding="utf-8") as file:
            file.write('[organization]\nname = "Peers"\ntimezone = "UTC"\n' + sources)

    def run(self, *words: str, seconds: int = 120) -> subprocess.CompletedProcess:
        command = [harness.BACKPROOF, *words]
        try:
            done = subprocess.run(command, cwd=self.path, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            done = subprocess.CompletedProcess(command, 124, "", f"not done after {seconds} s")
        self.said += done.stdout + done.stderr
        return done

    def collect(self) -> "Workspace":
        done = self.run("collect")
        self.code, self.output = done.returncode, done.stdout + done.stderr
        return self

    def show(self, table: str, period: str) -> list[dict]:
        done = self.run("show", table, "--period", period, "--format", "json")
        if done.returncode not in (0, 4):
            check(f"show {table} works", False, done.stderr)
            return []
        return json.loads(done.stdout)["rows"]

    def manifest(self) -> dict:
        """The newest one; empty where nothing was committed."""
        names = sorted(glob.glob(f"{self.path}/evidence/runs/*.json"))
        if not names:
            return {}
        with open(names[-1], encoding="utf-8") as file:
            return json.load(file)

    def source(self) -> dict:
        """What the newest manifest says of the only source."""
        return next(iter(self.manifest().get("sources", [])), {})

    def holding(self, secret: str) -> list[str]:
        """Files below the workspace, and outputs, in which a text stands. Where nothing was stored, nothing is shown."""
        found = ["what it said"] if secret in self.said else []
        found += [] if self.manifest() else ["nothing was stored"]
        for folder, _, names in os.walk(self.path):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    if name != "backproof.toml" and secret.encode() in file.read():
                        found.append(os.path.relpath(path, self.path))
        return found


def by(rows: list[dict], key: str) -> dict:
    """Rows by a field, which no two rows share."""
    out = {row[key]: row for row in rows}
    if len(out) != len(rows):
        check(f"{key} tells rows apart", False, str(sorted(r[key] for r in rows)))
    return out


def settings(asset: dict) -> dict[str, str]:
    """Settings of an asset, which `show` writes as name=value."""
    return dict(text.split("=", 1) for text in asset.get("settings") or [])


def same(name: str, seen, true):
    check(name, seen == true, f"{seen!r}, not {true!r}")
