"""Servers that speak AWS's protocols, and how to ask them: moto, which knows every setting, and SeaweedFS, which checks who asks."""

import json
import os

from live import VENV, Program, environment, free_ports

MOTO, WEED = f"{VENV}/bin/moto_server", f"{VENV}/bin/weed"
# Of the auditor of SeaweedFS, who may only read.
SECRET = "bandicoot-2f7c-secret"


def credentials(key: str = "testing", secret: str = "testing") -> dict[str, str]:
    """The environment of who asks with this key, and of nobody else."""
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}


class moto:
    """A moto server, for as long as it is needed."""

    def __init__(self, base: str):
        [port] = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self.program = Program("moto", [MOTO, "-H", "127.0.0.1", "-p", str(port)], [port], environment(base), base)

    def __enter__(self):
        return self.program, self.url

    def __exit__(self, *_):
        self.program.stop()


IDENTITIES = {"identities": [
    {"name": "admin", "credentials": [{"accessKey": "admin-key", "secretKey": "admin-secret"}], "actions": ["Admin", "Read", "List", "Tagging", "Write"]},
    {"name": "auditor", "credentials": [{"accessKey": "auditor-key", "secretKey": SECRET}], "actions": ["Read", "List"]}]}


class weed(moto):
    """SeaweedFS with an administrator and an auditor who may only read."""

    def __init__(self, base: str):
        folder = os.path.join(base, "weed")
        os.makedirs(folder)
        identities = os.path.join(base, "identities.json")
        with open(identities, "w", encoding="utf-8") as file:
            json.dump(IDENTITIES, file)
        names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc")
        ports = dict(zip(names, free_ports(len(names))))
        self.url = f"http://127.0.0.1:{ports['s3.port']}"
        words = [WEED, "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-master.volumeSizeLimitMB=64", "-volume.max=100", "-filer", "-s3",
                 f"-s3.config={identities}", "-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
                 f"-filer.localSocket={folder}/filer.sock", f"-s3.localSocket={folder}/s3.sock", *[f"-{name}={port}" for name, port in ports.items()]]
        # Without a key of its own it neither encrypts nor tells who asks.
        env = environment(base, WEED_S3_SSE_KEY="peer")
        self.program = Program("weed", words, [ports["s3.port"]], env, base)
