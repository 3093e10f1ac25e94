"""A PostgreSQL 15 of our own: in a temporary folder, reachable through a socket there only."""

import os
import subprocess

from harness import as_server_user, own

BIN = "/usr/lib/postgresql/15/bin"


class Server:
    def __init__(self, base, name, port):
        self.base, self.port = base, port
        self.data = os.path.join(base, name)
        own(base)

    def call(self, command, check=True):
        words = as_server_user(["bash", "-c", command])
        return subprocess.run(words, cwd=self.base, env={"PATH": f"{BIN}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"},
                              capture_output=True, text=True, timeout=60, check=check).stdout

    def start(self, *settings):
        self.call(f"initdb -D '{self.data}' -A trust -U postgres -E UTF8 --no-sync --wal-segsize=1")
        with open(f"{self.data}/postgresql.conf", "a", encoding="utf-8") as file:
            lines = ["listen_addresses = ''", f"unix_socket_directories = '{self.base}'", f"port = {self.port}",
                     "shared_buffers = 16MB", "fsync = off", "min_wal_size = 2MB", *settings]
            file.write("\n".join(lines) + "\n")
        self.call(f"pg_ctl -D '{self.data}' -l '{self.base}/server.log' -w start >/dev/null")

    def stop(self):
        self.call(f"pg_ctl -D '{self.data}' -m immediate -w stop", check=False)

    def sql(self, text, database="postgres"):
        return self.call(f"psql -h '{self.base}' -p {self.port} -U postgres -d '{database}' -XAtqc \"{text}\"").strip()
