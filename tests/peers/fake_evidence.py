"""Drata's evidence library and Vanta's documents, as far as `publish` uses them, made from what both publish of their APIs.

Drata: its OpenAPI description of the public API v2 (tag Evidence). Vanta: developer.vanta.com, "Upload a document", "List
document's uploads", "Authentication". A request that does not have the documented form is answered as an error and noted in
`wrong`. Neither has ever been compared with the service itself.
"""

import email.parser
import email.policy
import hashlib
import json
import re
from dataclasses import dataclass, field

from live import Loopback, Reply, Request

EXTENSIONS = (".pdf", ".docx", ".xlsx", ".json", ".csv", ".md", ".txt", ".html", ".log", ".zip", ".png", ".jpg")


@dataclass
class Form:
    texts: dict[str, str] = field(default_factory=dict)
    name: str = ""
    media: str = ""
    content: bytes = b""
    files: int = 0


def form(request: Request) -> Form:
    """The parts of a multipart form, read by Python's own parser."""
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
    out = Form()
    for part in message.iter_parts() if message.is_multipart() else []:
        name = part.get_param("name", header="content-disposition")
        if name == "file":
            out.files += 1
            out.name, out.media, out.content = part.get_filename() or "", part.get_content_type(), part.get_payload(decode=True)
        else:
            out.texts[name] = part.get_payload(decode=True).decode()
    return out


class Service(Loopback):
    def __init__(self, token: str):
        self.bearer, self.wrong, self.lose = token, [], 0
        super().__init__()

    def bad(self, why: str, status: int = 400) -> Reply:
        self.wrong.append(why)
        return Reply(status, {"statusCode": status, "message": why, "code": status})

    def signed_in(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self.bearer}"

    def lost(self, reply: Reply) -> Reply:
        """What was carried out, and whose answer may get lost on the way."""
        if self.lose > 0:
            self.lose -= 1
            return Reply(reply.status, reply.body, cut=len(reply.bytes()) // 2)
        return reply


class Drata(Service):
    """One workspace with one evidence item."""

    def __init__(self, token: str, workspace: str, evidence: str):
        self.keys: dict[str, Form] = {}
        self.artifacts: list[dict] = []
        self.content: dict[int, bytes] = {}
        self.workspace, self.evidence, self.page = workspace, evidence, 1
        super().__init__(token)

    def answer(self, request: Request) -> Reply:
        if not self.signed_in(request):
            return Reply(401, {"statusCode": 401, "message": "Invalid Authorization", "code": 1})
        base = ["public", "v2", "workspaces", self.workspace]
        place = request.parts
        if place[:4] != base:
            return Reply(404, {"name": "NotFound", "statusCode": 404, "message": "Not Found", "code": 2})
        match (request.method, place[4:]):
            case ("POST", ["evidence-files"]):
                return self.upload(request)
            case ("PUT", ["evidence", self.evidence]):
                return self.update(request)
            case ("GET", ["evidence", self.evidence, "artifacts"]):
                return self.listed(request)
        return Reply(404, {"name": "NotFound", "statusCode": 404, "message": "Not Found", "code": 2})

    def upload(self, request: Request) -> Reply:
        sent = form(request)
        if sent.files != 1 or sent.texts or not sent.name.endswith(EXTENSIONS) or len(sent.name) > 191:
            return self.bad(f"evidence-files: {sent.files} files called {sent.name!r}, {sent.texts}")
        key = f"account/evidence-library/{len(self.keys)}/{sent.name}"
        self.keys[key] = sent
        return Reply(201, {"fileKey": key, "originalFilename": sent.name, "mimeType": sent.media, "fileSize": len(sent.content)})

    def update(self, request: Request) -> Reply:
        body = json.loads(request.body)
        if request.headers.get("content-type") != "application/json" or set(body) != {"newArtifacts"} or not body["newArtifacts"]:
            return self.bad(f"update: {request.headers.get('content-type')} {sorted(body)}")
        for new in body["newArtifacts"]:
            if set(new) != {"artifactType", "artifactName", "fileKey", "filedAt"} or new["artifactType"] != "S3_FILE" or new["fileKey"] not in self.keys \
                    or not re.fullmatch(r"\d{4}-\d\d-\d\d", new["filedAt"]) or len(new["artifactName"]) > 191:
                return self.bad(f"update: {new}")
            number = len(self.artifacts) + 1
            self.content[number] = self.keys[new["fileKey"]].content
            self.artifacts.append({"id": number, "artifactName": new["artifactName"], "extension": "pdf", "artifactVersion": 1, "source": "https://signed", "archivedAt": None,
                                   "artifactType": "S3_FILE", "filedAt": f"{new['filedAt']}T00:00:00.000Z", "createdAt": "2026-11-01T00:00:00.000Z"})
        told = [{"id": a["id"], "source": a["source"], "artifactName": a["artifactName"], "type": "S3_FILE", "artifactVersion": 1} for a in self.artifacts]
        return self.lost(Reply(200, {"id": int(self.evidence), "name": "Backups", "artifactsRequested": len(body["newArtifacts"]),
                                     "artifactsCreated": len(body["newArtifacts"]), "artifacts": told}))

    def listed(self, request: Request) -> Reply:
        if not 1 <= int(request.one("size", "50")) <= 500:
            return self.bad("list: size")
        found = [a for a in self.artifacts if a["artifactName"].startswith(request.one("name"))]
        at = int(request.one("cursor", "0"))
        more = at + self.page < len(found)
        return Reply(200, {"data": found[at:at + self.page], "pagination": {"cursor": str(at + self.page) if more else None}})


class Vanta(Service):
    """One document. Its token is got by OAuth, and only the one got last is good."""

    def __init__(self, client: str, secret: str, document: str):
        self.client, self.secret, self.document, self.page = client, secret, document, 1
        self.uploads: list[dict] = []
        self.content: dict[str, bytes] = {}
        self.renames = False
        super().__init__("")

    def answer(self, request: Request) -> Reply:
        if request.method == "POST" and request.path == "/oauth/token":
            return self.sign_in(request)
        if not self.bearer or not self.signed_in(request):
            return Reply(401, {"error": "Unauthorized"})
        if request.path != f"/v1/documents/{self.document}/uploads":
            return Reply(404, {"error": "Not found"})
        return {"GET": self.listed, "POST": self.upload}.get(request.method, lambda r: self.bad(r.method, 405))(request)

    def sign_in(self, request: Request) -> Reply:
        body = json.loads(request.body)
        if request.headers.get("content-type") != "application/json" or set(body) != {"client_id", "client_secret", "scope", "grant_type"} \
                or body["grant_type"] != "client_credentials" or "vanta-api.documents:upload" not in body["scope"].split():
            return self.bad(f"token: {sorted(body)}")
        if (body["client_id"], body["client_secret"]) != (self.client, self.secret):
            # A careless service says back what it was given.
            return Reply(401, {"error": "invalid_client", "error_description": f"no client {body['client_id']} with {body['client_secret']}"})
        self.bearer = "vat_" + hashlib.sha256(self.secret.encode()).hexdigest()
        return Reply(200, {"access_token": self.bearer, "expires_in": 3599, "token_type": "Bearer"})

    def listed(self, request: Request) -> Reply:
        if not 1 <= int(request.one("pageSize", "10")) <= 100:
            return self.bad("list: pageSize")
        at = int(request.one("pageCursor", "0"))
        more = at + self.page < len(self.uploads)
        info = {"hasNextPage": more, "hasPreviousPage": at > 0, "startCursor": str(at), "endCursor": str(at + self.page)}
        return Reply(200, {"results": {"data": self.uploads[at:at + self.page], "pageInfo": info}})

    def upload(self, request: Request) -> Reply:
        sent = form(request)
        if sent.files != 1 or set(sent.texts) != {"description", "effectiveAtDate"} or not re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00\.000Z", sent.texts["effectiveAtDate"]):
            return self.bad(f"upload: {sent.files} files, {sent.texts}")
        if sent.media not in ("application/pdf", "application/zip"):
            return self.bad(f"upload: {sent.media}", 415)
        number = f"{len(self.uploads) + 1:024x}"
        self.content[number] = sent.content
        self.uploads.append({"id": number, "fileName": sent.name if not self.renames else f"{number}.{sent.name[-3:]}", "title": sent.name, "description": sent.texts["description"], "mimeType": sent.media,
                             "creationDate": "2026-11-01T00:00:00.000Z", "effectiveDate": sent.texts["effectiveAtDate"], "deletionDate": None, "url": "https://app"})
        return self.lost(Reply(201, self.uploads[-1]))
