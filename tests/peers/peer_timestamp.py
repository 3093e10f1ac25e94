"""Timestamps (RFC 3161): OpenSSL as the authority behind a small HTTP server, and as the one who checks.

Proves that what `collect` and `publish` ask for is a request that OpenSSL answers, that the kept replies verify with OpenSSL
over what they lie beside, also by the commands that packets and documentation print, and that a reply that is refused,
garbled, cut, over something else or to another request is an error and never kept.
"""

import glob
import os
import pathlib
import subprocess

from harness import check, need
from live import Loopback, Reply, Request, same
from packets import Workshop

DOCS = pathlib.Path(__file__).parent.parent.parent / "docs" / "packet.md"
CONFIG = """[tsa]
default_tsa = here
[here]
serial = {base}/serial
signer_cert = {base}/authority.pem
signer_key = {base}/key.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1
ess_cert_id_alg = sha256
"""


def openssl(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)


class Authority(Loopback):
    content_type = "application/timestamp-reply"

    def __init__(self, base: str):
        self.base, self.lie, self.wrong = base, "", []
        made = openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Authority", "-days", "3650",
                       "-addext", "extendedKeyUsage=critical,timeStamping", "-addext", "keyUsage=critical,digitalSignature",
                       "-keyout", f"{base}/key.pem", "-out", f"{base}/authority.pem")
        check("timestamp: OpenSSL makes an authority", made.returncode == 0, made.stderr)
        super().__init__()

    def stamped(self, query: str, digests: str = "sha256") -> bytes:
        with open(f"{self.base}/tsa.cnf", "w", encoding="utf-8") as file:
            file.write(CONFIG.format(base=self.base, digests=digests))
        openssl("ts", "-reply", "-config", f"{self.base}/tsa.cnf", "-queryfile", query, "-out", f"{self.base}/reply.tsr")
        with open(f"{self.base}/reply.tsr", "rb") as file:
            return file.read()

    def answer(self, request: Request) -> Reply:
        if (request.method, request.headers.get("content-type")) != ("POST", "application/timestamp-query"):
            self.wrong.append(f"{request.method} {request.headers}")
        query = f"{self.base}/query.tsq"
        with open(query, "wb") as file:
            file.write(request.body)
        if self.lie == "refused":
            return Reply(body=self.stamped(query, "sha512"))
        if self.lie == "garbled":
            return Reply(body=b"<html>Welcome</html>")
        if self.lie == "cut in the middle":
            return Reply(body=self.stamped(query)[:-200])
        if self.lie == "over something else":
            openssl("ts", "-query", "-digest", "ab" * 32, "-sha256", "-cert", "-out", query)
        if self.lie == "to another request":
            openssl("ts", "-query", "-digest", request.body[24:56].hex(), "-sha256", "-cert", "-out", query)
        return Reply(body=self.stamped(query))


def verified(base: str, data: str, reply: str) -> bool:
    done = openssl("ts", "-verify", "-data", data, "-in", reply, "-CAfile", f"{base}/authority.pem")
    return done.returncode == 0 and "Verification: OK" in done.stdout + done.stderr


def test(root):
    if not need("openssl", "curl"):
        return
    base = os.path.join(root, "timestamp")
    os.makedirs(base)
    with Authority(base) as authority:
        shop = Workshop(base, f'\n[timestamp]\nurl = "{authority.url}/tsr"\n')
        kept(base, shop, authority)
        published(base, shop, authority)
        lies(shop, authority)
        by_hand(base, authority)
        same("timestamp: asked as RFC 3161 has it", authority.wrong, [])


def kept(base: str, shop: Workshop, authority: Authority):
    shop.collect()
    check("timestamp: collect is done", shop.code == 0 and "timestamp: 20" in shop.output, shop.output)
    run, stamp = f"{shop.path}/evidence/runs/00000001.json", f"{shop.path}/evidence/receipts/00000001.json"
    check("timestamp: OpenSSL verifies it over the manifest", verified(base, run, f"{stamp}.tsr"))
    check("timestamp: and not over another file", not verified(base, f"{shop.path}/backproof.toml", f"{stamp}.tsr"))
    text = openssl("ts", "-query", "-in", f"{stamp}.tsq", "-text").stdout
    check("timestamp: OpenSSL reads the request", "sha256" in text and "Certificate required: yes" in text and "Nonce: 0x" in text, text)
    answered = openssl("ts", "-verify", "-queryfile", f"{stamp}.tsq", "-in", f"{stamp}.tsr", "-CAfile", f"{base}/authority.pem")
    check("timestamp: OpenSSL finds that the reply answers the request", answered.returncode == 0, answered.stderr)
    done = shop.run("verify", "evidence")
    check("timestamp: verify tells of it, and of what it does not prove",
          done.returncode == 0 and "runs/00000001.json existed by 20" in done.stdout and "openssl ts -verify" in done.stdout, done.stdout)
    packet = shop.packet("october", "2026-10")
    done = shop.run("verify", packet)
    check("timestamp: a packet holds it", done.returncode == 0 and "data/evidence/runs/00000001.json existed by 20" in done.stdout, done.stdout)
    with open(f"{shop.path}/{packet}/VERIFY.md", encoding="utf-8") as file:
        command = next(line for line in file if line.startswith("    openssl ts") and "runs/" in line)
    command = command.replace("../authority.pem", f"{base}/authority.pem")
    done = subprocess.run(["sh", "-e", "-c", command], cwd=f"{shop.path}/{packet}", capture_output=True, text=True, check=False)
    check("timestamp: the command of VERIFY.md", done.returncode == 0, done.stderr)
    same("timestamp: one was asked for", len(authority.requests), 1)


def published(base: str, shop: Workshop, authority: Authority):
    before = len(authority.requests)
    done = shop.run("publish", "october", "./portal")
    packet = f"{shop.path}/october"
    check("timestamp: publish asks for one over the packet", done.returncode == 0 and len(authority.requests) == before + 1, done.stdout + done.stderr)
    check("timestamp: OpenSSL verifies it over the list of lists", verified(base, f"{packet}/tagmanifest-sha256.txt", f"{packet}.tsr"))
    check("timestamp: it lies beside the published packet", verified(base, f"{shop.path}/portal/october/tagmanifest-sha256.txt", f"{shop.path}/portal/october.tsr"))
    with open(f"{shop.path}/portal/index.html", encoding="utf-8") as file:
        check("timestamp: the page leads to it", 'href="october.tsr"' in file.read())
    done = shop.run("verify", "portal/october")
    check("timestamp: verify tells of it", "tagmanifest-sha256.txt existed by 20" in done.stdout and done.returncode == 0, done.stdout)
    with open(f"{packet}/VERIFY.md", encoding="utf-8") as file:
        command = next(line for line in file if line.startswith("    openssl ts") and "$PWD" in line)
    command = command.replace("../authority.pem", f"{base}/authority.pem")
    done = subprocess.run(["sh", "-e", "-c", command], cwd=packet, capture_output=True, text=True, check=False)
    check("timestamp: the command of VERIFY.md for the packet", done.returncode == 0, done.stderr)
    done = shop.run("publish", "october", "./portal")
    check("timestamp: a second publication asks for none", done.returncode == 0 and len(authority.requests) == before + 1, done.stderr)
    os.replace(f"{shop.path}/evidence/receipts/00000001.json.tsr", f"{packet}.tsr")
    done = shop.run("verify", "october")
    check("timestamp: one over something else beside a packet is a problem", done.returncode == 5 and "not over" in done.stdout, done.stdout)
    done = shop.run("publish", "october", "./portal")
    check("timestamp: and such a packet is not published", done.returncode == 5, done.stderr)


def lies(shop: Workshop, authority: Authority):
    receipts = f"{shop.path}/evidence/receipts"
    says = {"refused": "refused to stamp", "garbled": "can't be read", "cut in the middle": "can't be read", "over something else": "not over", "to another request": "nonce"}
    for lie, word in says.items():
        authority.lie = lie
        before = set(glob.glob(f"{receipts}/*.tsr"))
        runs = len(glob.glob(f"{shop.path}/evidence/runs/*.json"))
        shop.collect()
        check(f"timestamp: a reply {lie} is an error that says so", shop.code == 1 and word in shop.output, f"{shop.code}: {shop.output}")
        same(f"timestamp: a reply {lie} is not kept", set(glob.glob(f"{receipts}/*.tsr")), before)
        same(f"timestamp: the run is committed all the same ({lie})", len(glob.glob(f"{shop.path}/evidence/runs/*.json")), runs + 1)
    authority.lie = ""
    done = shop.run("verify", "evidence")
    check("timestamp: verify tells what was asked and not answered", done.returncode == 0 and done.stdout.count("no reply lies beside it") == 6, done.stdout)
    authority.fault("/tsr", Reply(429, b"", {"Retry-After": "1"}), 1)
    authority.fault("/tsr", Reply(503, b""), 1)
    shop.collect()
    check("timestamp: what passes is waited out", shop.code == 0, shop.output)
    authority.fault("/tsr", Reply(403, b"<html>no</html>"), 1)
    shop.collect()
    check("timestamp: what does not pass is told", shop.code == 1 and "403" in shop.output, shop.output)
    config = pathlib.Path(f"{shop.path}/backproof.toml")
    config.write_text(config.read_text(encoding="utf-8").replace(authority.url, "http://192.0.2.1"), encoding="utf-8")
    shop.collect()
    check("timestamp: plain http to another machine is refused", shop.code == 1 and "https" in shop.output, shop.output)


def by_hand(base: str, authority: Authority):
    text = DOCS.read_text(encoding="utf-8")
    block = next(b.split("```")[0] for b in text.split("```sh\n")[1:] if "openssl ts -query" in b)
    check("timestamp: the documentation names an authority", "https://freetsa.org/tsr" in block, block)
    shop = Workshop(base).collect()
    done = subprocess.run(["sh", "-e", "-c", block.replace("https://freetsa.org/tsr", authority.url)], cwd=shop.path, capture_output=True, text=True, check=False)
    check("timestamp by hand: the commands of the documentation work", done.returncode == 0, done.stderr)
    done = shop.run("verify", "evidence")
    check("timestamp by hand: verify tells of it", done.returncode == 0 and "runs/00000001.json existed by 20" in done.stdout, done.stdout)
    done = shop.run("verify", shop.packet("packet", "2026-10"))
    check("timestamp by hand: a packet holds it", "data/evidence/runs/00000001.json existed by 20" in done.stdout, done.stdout)
