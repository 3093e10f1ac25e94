"""A fake GitHub: an organisation with repositories, over REST and GraphQL.

Its answers and what clients ask are held against GitHub's own description (Prism, peer_github.py) and GitHub's own
GraphQL schema (github_graphql.py). It has what a mock of examples has not: paging by `Link` with numeric paths, ETag
and 304, rate limits in headers, renamed repositories, and rights: without administration a 404 means anything.
"""

import base64
import hashlib
import json
import re
import time
from urllib.parse import urlencode

import github_graphql
from github_data import CANARY, TOKEN, Repository, listed, organization, repository, workflow_text
from github_description import example
from live import Loopback, Reply, Request

DOCS = "https://docs.github.com/rest"
RIGHTS = {"owner", "administration", "actions", "issues", "contents", "alerts"}


def error(status: int, message: str, headers: dict | None = None, **more) -> Reply:
    return Reply(status, {"message": message, "documentation_url": DOCS, "status": str(status)} | more, headers or {})


NOT_FOUND = error(404, "Not Found")
SECONDARY = error(403, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.", {"retry-after": "1"})


def exhausted() -> Reply:
    """The hour's requests are used up, and the hour has just begun."""
    return error(403, "API rate limit exceeded for user ID 1.", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 3600)})


def forbidden(permission: str) -> Reply:
    return error(403, "Resource not accessible by personal access token", {"x-accepted-github-permissions": permission})


class FakeGitHub(Loopback):
    content_type = "application/json; charset=utf-8"

    def __init__(self, description: dict, count: int = 23, owner: str = "acme", rights: set[str] = RIGHTS, port: int = 0):
        self.description, self.owner, self.rights = description, owner, set(rights)
        self.repositories = [repository(description, owner, n) for n in range(count)]
        self.organization = organization(description, owner, self.repositories)
        self.template = example(description, "/orgs/{org}/repos")[0]
        self.old_names = {f"{owner}/old-store": self.repositories[0]} if count else {}
        self.used, self.refused_queries = 0, []
        super().__init__(port)
        # Where clients reach it, when that is through somebody else.
        self.base = self.url
        self.raw_type = "application/vnd.github.raw+json; charset=utf-8"

    def allowed(self, right: str) -> bool:
        return right in self.rights

    def find(self, owner: str, name: str) -> Repository | None:
        full = f"{owner}/{name}".lower()
        return next((r for r in self.repositories if r.full_name.lower() == full), None)

    # What every answer has.

    def planned(self, request: Request) -> Reply | None:
        reply = super().planned(request)
        return reply and Reply(reply.status, reply.body, self.limits() | reply.headers, reply.cut, reply.delay)

    def limits(self) -> dict[str, str]:
        left = max(0, 5000 - self.used)
        return {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": str(left), "x-ratelimit-used": str(self.used), "x-ratelimit-resource": "core",
                "x-ratelimit-reset": str(int(time.time()) // 3600 * 3600 + 3600), "x-github-request-id": f"FAKE:{len(self.requests):06X}"}

    def answer(self, request: Request) -> Reply:
        reply = self.refused(request) or self.route(request) or NOT_FOUND
        headers: dict[str, str] = {}
        if reply.status == 200 and request.method == "GET":
            headers["etag"] = f'W/"{hashlib.sha256(reply.bytes()).hexdigest()}"'
            if request.headers.get("if-none-match") == headers["etag"]:
                reply = Reply(304)
        # An answer that has not changed, and the question about the limit itself, do not count.
        if reply.status != 304 and request.path != "/rate_limit":
            self.used += 1
        return Reply(reply.status, reply.body, self.limits() | {"x-github-api-version-selected": "2022-11-28"} | headers | reply.headers)

    def refused(self, request: Request) -> Reply | None:
        if not request.headers.get("user-agent"):
            return Reply(403, b"Request forbidden by administrative rules. Please make sure your request has a User-Agent header", {"Content-Type": "text/plain"})
        if not re.fullmatch(rf"(Bearer|token) {TOKEN}", request.headers.get("authorization", "")):
            return error(401, "Bad credentials")
        if request.headers.get("x-github-api-version", "2022-11-28") not in ("2022-11-28", "2026-03-10"):
            return error(400, "API version is not supported")
        return None

    def page(self, request: Request, items: list, key: str | None = None, numeric: str | None = None, cursor: bool = False) -> Reply:
        """One page, and links to the others; `key` is the name of the list in an object with a count."""
        size = min(100, max(1, int(request.one("per_page", "30"))))
        if cursor:
            start = int(request.one("after", "0"))
            links = {"next": {"after": start + size}} if start + size < len(items) else {}
        else:
            number, last = int(request.one("page", "1")), max(1, -(-len(items) // size))
            start = (number - 1) * size
            links = {"next": {"page": number + 1}, "last": {"page": last}} if number < last else {}
            links |= {"prev": {"page": number - 1}, "first": {"page": 1}} if number > 1 else {}
        def url(change: dict) -> str:
            query = {k: v[0] for k, v in request.query.items()} | change
            return f"{self.base}{numeric or request.path}?{urlencode(query)}"
        headers = {"link": ", ".join(f'<{url(change)}>; rel="{rel}"' for rel, change in links.items())} if links else {}
        part = items[start:start + size]
        return Reply(200, {"total_count": len(items), key: part} if key else part, headers)

    # Routes.

    def route(self, request: Request) -> Reply | None:
        if request.method == "POST" and request.parts == ["graphql"]:
            return Reply(200, github_graphql.answer(self, json.loads(request.body or b"{}")))
        if request.method != "GET":
            return None
        match request.parts:
            case ["repos", owner, name, *rest]:
                return self.named(request, owner, name, rest)
            case ["repositories", id, *rest]:
                found = next((r for r in self.repositories if str(r.rest["id"]) == id), None)
                return found and self.of_repository(request, found, rest)
            case ["orgs", org, *rest] if org.lower() == self.owner:
                return self.of_organization(request, rest)
            case ["organizations", "600", *rest]:
                return self.of_organization(request, rest)
            case ["rate_limit"]:
                core = {"limit": 5000, "used": self.used, "remaining": 5000 - self.used, "reset": int(time.time()) + 3600}
                return Reply(200, {"resources": {"core": core, "search": core | {"limit": 30}, "graphql": core}, "rate": core})
            case ["user"]:
                return Reply(200, example(self.description, "/user") | {"login": "erika", "id": 1}, {"github-authentication-token-expiration": "2030-01-01 00:00:00 UTC"})
            case ["user", "repos"]:
                return self.page(request, [self.shown(r, dict(r.rest)) for r in self.repositories])
            case ["search", "issues"]:
                return self.search(request)
            case ["versions"]:
                return Reply(200, ["2022-11-28", "2026-03-10"])
        return None

    def named(self, request: Request, owner: str, name: str, rest: list[str]) -> Reply | None:
        found = self.find(owner, name)
        if found:
            return self.of_repository(request, found, rest)
        moved = self.old_names.get(f"{owner}/{name}")
        if moved is None:
            return None
        url = "/".join([f"{self.base}/repositories/{moved.rest['id']}", *rest])
        return error(301, "Moved Permanently", {"location": url}, url=url)

    def shown(self, r: Repository, body: dict) -> dict:
        if not self.allowed("administration"):
            body.pop("security_and_analysis", None)
            body["permissions"] = {"admin": False, "maintain": False, "push": False, "triage": False, "pull": True}
            body.pop("temp_clone_token", None)
        return body

    def of_organization(self, request: Request, rest: list[str]) -> Reply | None:
        match rest:
            case []:
                body = dict(self.organization)
                if not self.allowed("owner"):
                    # Not false: absent.
                    body.pop("two_factor_requirement_enabled")
                return Reply(200, body)
            case ["repos"]:
                return self.page(request, [self.shown(r, listed(r, self.template)) for r in self.repositories], numeric="/organizations/600/repos")
            case ["members" | "outside_collaborators"] if request.one("filter").startswith("2fa"):
                return self.page(request, []) if self.allowed("owner") else error(422, "Only owners can use this filter.")
            case ["migrations"]:
                return self.page(request, []) if self.allowed("owner") else NOT_FOUND
            case ["members"]:
                return self.page(request, example(self.description, "/orgs/{org}/members"))
            case ["rulesets"]:
                return self.page(request, []) if self.allowed("owner") else NOT_FOUND
            case ["code-security", "configurations"]:
                return Reply(200, example(self.description, "/orgs/{org}/code-security/configurations"))
        return None

    def of_repository(self, request: Request, r: Repository, rest: list[str]) -> Reply | None:
        numeric = "/".join([f"/repositories/{r.rest['id']}", *rest])
        administrator = self.allowed("administration")
        match rest:
            case []:
                return Reply(200, self.shown(r, dict(r.rest)))
            case ["branches", *more]:
                return self.branch(request, r, "/".join(more))
            case ["rules", "branches", *branch]:
                return Reply(200, r.rules if "/".join(branch) == r.branch else [])
            case ["rulesets"]:
                short = [{k: v for k, v in s.items() if k not in ("rules", "conditions", "bypass_actors")} for s in r.rulesets]
                return self.page(request, short, numeric=numeric)
            case ["rulesets", id]:
                found = next((dict(s) for s in r.rulesets if str(s["id"]) == id), None)
                if found and not administrator:
                    found.pop("bypass_actors", None)
                return found and Reply(200, found)
            case ["vulnerability-alerts"]:
                # Off, or not to be seen: the same answer.
                return Reply(204) if r.alerts_on and administrator else error(404, "Vulnerability alerts are disabled." if administrator else "Not Found")
            case ["automated-security-fixes"]:
                return Reply(200, r.fixes) if r.fixes and administrator else NOT_FOUND
            case ["immutable-releases"]:
                return Reply(200, r.immutable) if r.immutable and administrator else NOT_FOUND
            case ["private-vulnerability-reporting"]:
                return Reply(200, {"enabled": r.reporting})
            case ["code-scanning", "default-setup"]:
                return Reply(200, r.setup) if administrator else forbidden("administration=read")
            case ["code-security-configuration"]:
                return (Reply(200, r.configuration) if r.configuration else Reply(204)) if administrator else forbidden("administration=read")
            case ["dependabot", "alerts"]:
                if not self.allowed("alerts"):
                    return forbidden("vulnerability_alerts=read")
                return self.page(request, [], cursor=True) if r.alerts_on else error(403, "Dependabot alerts are disabled for this repository.")
            case ["secret-scanning", "alerts"]:
                if r.rest["security_and_analysis"]["secret_scanning"]["status"] != "enabled":
                    return error(404, "Secret scanning is disabled on this repository.")
                alert = example(self.description, "/repos/{owner}/{repo}/secret-scanning/alerts")[0]
                alert |= {"secret": None if request.one("hide_secret") == "true" else CANARY}
                return self.page(request, [alert]) if self.allowed("alerts") else NOT_FOUND
            case ["contents", ".github", "workflows", name]:
                return self.content(request, r, name)
            case ["actions", *more]:
                return self.actions(request, r, more, numeric)
            case ["issues", *more]:
                return self.issues(request, r, more, numeric)
            case ["collaborators" | "teams" | "keys" | "hooks" as what]:
                return self.page(request, []) if administrator else forbidden("administration=read" if what != "hooks" else "repository_hooks=read")
        return None

    def branch(self, request: Request, r: Repository, rest: str) -> Reply | None:
        name = rest.removesuffix("/protection")
        if name != r.branch:
            return error(404, "Branch not found")
        if rest.endswith("/protection"):
            if not self.allowed("administration"):
                return NOT_FOUND
            return Reply(200, r.protection) if r.protection else error(404, "Branch not protected")
        body = example(self.description, "/repos/{owner}/{repo}/branches/{branch}")
        url = f"https://api.github.com/repos/{r.full_name}/branches/{name}"
        body |= {"name": name, "protected": bool(r.protection or r.rules), "protection_url": url + "/protection",
                 "_links": {"self": url, "html": f"https://github.com/{r.full_name}/tree/{name}"}}
        body["commit"]["url"] = f"https://api.github.com/repos/{r.full_name}/commits/{body['commit']['sha']}"
        return Reply(200, body)

    def content(self, request: Request, r: Repository, name: str) -> Reply | None:
        if not self.allowed("contents"):
            return forbidden("contents=read")
        if name not in [w["path"].rsplit("/", 1)[1] for w in r.workflows]:
            return None
        text = workflow_text()
        if "raw" in request.headers.get("accept", ""):
            return Reply(200, text, {"Content-Type": self.raw_type})
        body = example(self.description, "/repos/{owner}/{repo}/contents/{path}")
        return Reply(200, body | {"name": name, "path": f".github/workflows/{name}", "size": len(text), "content": base64.b64encode(text).decode()})

    def actions(self, request: Request, r: Repository, rest: list[str], numeric: str) -> Reply | None:
        if not self.allowed("actions"):
            return forbidden("actions=read")
        match rest:
            case ["workflows"]:
                return self.page(request, r.workflows, "workflows", numeric)
            case ["workflows", id, "runs"]:
                known = [w for w in r.workflows if id in (str(w["id"]), w["path"].rsplit("/", 1)[1])]
                return self.page(request, [x for x in r.runs if known and x["workflow_id"] == known[0]["id"]], "workflow_runs", numeric) if known else None
            case ["runs"]:
                return self.page(request, r.runs, "workflow_runs", numeric)
            case ["runs", id]:
                return next((Reply(200, x) for x in r.runs if str(x["id"]) == id), None)
            case ["runs", id, "attempts", number]:
                run = next((x for x in r.runs if str(x["id"]) == id and 1 <= int(number) <= x["run_attempt"]), None)
                # What was started again had failed.
                early = {"run_attempt": int(number), "conclusion": "failure", "status": "completed"}
                return run and Reply(200, run if int(number) == run["run_attempt"] else run | early)
            case ["runs", id, "jobs" | "artifacts" as what] if any(str(x["id"]) == id for x in r.runs):
                return self.page(request, [], what, numeric)
            case ["permissions"]:
                return Reply(200, {"enabled": True, "allowed_actions": "all", "sha_pinning_required": False}) if self.allowed("administration") else forbidden("administration=read")
            case ["permissions", "artifact-and-log-retention"]:
                return Reply(200, {"days": 90, "maximum_allowed_days": 400}) if self.allowed("administration") else forbidden("administration=read")
        return None

    def issues(self, request: Request, r: Repository, rest: list[str], numeric: str) -> Reply | None:
        if not self.allowed("issues"):
            return forbidden("issues=read")
        match rest:
            case []:
                wanted = {n.lower() for n in request.one("labels").split(",") if n}
                state, since = request.one("state", "open"), request.one("since")
                found = [i for i in r.issues if wanted <= {x["name"].lower() for x in i["labels"]}
                         and state in ("all", i["state"]) and (not since or i["updated_at"] >= since)]
                field = {"updated": "updated_at", "comments": "comments"}.get(request.one("sort"), "created_at")
                found.sort(key=lambda i: (i[field], i["number"]), reverse=request.one("direction", "desc") == "desc")
                return self.page(request, found, numeric=numeric)
            case [number]:
                return next((Reply(200, i) for i in r.issues if str(i["number"]) == number), None)
            case [number, "comments" | "events" | "timeline"] if any(str(i["number"]) == number for i in r.issues):
                return self.page(request, [], numeric=numeric)
        return None

    def search(self, request: Request) -> Reply:
        words = request.one("q").split()
        names = {w.removeprefix("repo:").lower() for w in words if w.startswith("repo:")}
        labels = {w.removeprefix("label:").strip('"').lower() for w in words if w.startswith("label:")}
        found = [i | {"score": 1.0} for r in self.repositories for i in r.issues if (not names or r.full_name.lower() in names)
                 and labels <= {x["name"].lower() for x in i["labels"]} and not ("is:issue" in words and "pull_request" in i)]
        reply = self.page(request, found[:1000])
        return Reply(200, {"total_count": len(found), "incomplete_results": False, "items": reply.body}, reply.headers)
