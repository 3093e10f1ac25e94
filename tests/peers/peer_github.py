"""GitHub: its own description, mocked by Prism; its recorded answers; and a fake that both keep honest.

Proves that every answer of the fake is one that GitHub's OpenAPI description allows, that every request of backproof is
one too (the same Prism stands between the two), that backproof reads GitHub's documented examples and never follows a
link to another host, and that repositories, settings and incidents come out as the fake holds them.
"""

import glob
import json
import os
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import github_graphql
from fake_github import NOT_FOUND, RIGHTS, SECONDARY, FakeGitHub, error, exhausted, forbidden
from github_data import CANARY, TOKEN, Repository
from github_description import SCHEMA, SOURCE, example, trimmed
from harness import check
from live import CACHE, Loopback, Program, Reply, Request, Workspace, by, environment, free_ports, same, settings, there

PRISM = f"{CACHE}/node-github/node_modules/.bin/prism"
RECORDED = f"{CACHE}/node-github/node_modules/@octokit/fixtures/scenarios/api.github.com/paginate-issues/normalized-fixture.json"
PERIOD = "2026-01-01..2026-12-31"


def prism(base: str, name: str, *words: str) -> tuple[Program, str]:
    [port] = free_ports(1)
    command = [PRISM, words[0], "-h", "127.0.0.1", "-p", str(port), os.path.join(base, "github.json"), *words[1:]]
    return Program(name, command, [port], environment(base), base), f"http://127.0.0.1:{port}"


def get(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    asked = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/vnd.github+json", "User-Agent": "peer", **headers}

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None
    try:
        with urllib.request.build_opener(Stay, urllib.request.ProxyHandler({})).open(urllib.request.Request(url, headers=asked), timeout=30) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, {k.lower(): v for k, v in answer.headers.items()}, answer.read()


class Replay(Loopback):
    """GitHub's recorded answers to `paginate-issues`. Headers and query need not match, but for the page.

    The recorded issues carry no label; each gets `incident` here, so that it shows in a table.
    """

    def __init__(self, description: dict):
        with open(RECORDED, encoding="utf-8") as file:
            self.recorded = json.load(file)
        self.asked: list[str] = []
        self.repository = example(description, "/repos/{owner}/{repo}") | {
            "id": 1000, "name": "paginate-issues", "full_name": "octokit-fixture-org/paginate-issues"}
        super().__init__()

    def answer(self, request: Request) -> Reply:
        if request.parts in (["repos", "octokit-fixture-org", "paginate-issues"], ["repositories", "1000"]):
            return Reply(200, self.repository)
        for one in self.recorded:
            path = urlsplit(one["path"])
            page = "2345".find(path.query[-1]) + 2 if "page=" in path.query.replace("per_page=", "") else 1
            if path.path == request.path and str(page) == request.one("page", "1"):
                labelled = [i | {"labels": [{"name": "incident"}]} for i in one["response"]]
                text = json.dumps(labelled).replace("https://api.github.com", self.url)
                self.asked.append(str(page))
                headers = {k: v.replace("https://api.github.com", self.url) for k, v in one["headers"].items()
                           if k in ("etag", "link", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "last-modified")}
                return Reply(200, text.encode(), headers)
        return NOT_FOUND


class Forward(Loopback):
    """Hands on what it is asked, with a header more: Prism makes up random answers for `Prefer: dynamic=true`."""

    def __init__(self, target: str, **headers: str):
        self.target, self.more = target, headers
        super().__init__()

    def answer(self, request: Request) -> Reply:
        query = "&".join(f"{k}={urllib.request.quote(v)}" for k, vs in request.query.items() for v in vs)
        status, headers, body = get(f"{self.target}{request.path}?{query}", **self.more)
        kept = {k: v for k, v in headers.items() if k in ("content-type", "link", "etag")}
        return Reply(status, body, kept)


def source(url: str, what: str) -> str:
    return f'[sources.github.org]\n{what}\nurl = "{url}"\ntoken = {{ env = "GITHUB_TOKEN" }}\npatience = "PT4S"\ntimeout = "PT15S"\n'


def collected(base: str, url: str, what: str = 'organization = "acme"') -> Workspace:
    return Workspace(base, source(url, what), GITHUB_TOKEN=TOKEN).collect()


def test(root):
    if not there("Prism, GitHub's description and its recorded answers", PRISM, SOURCE, SCHEMA, RECORDED):
        return
    base = os.path.join(root, "github")
    os.makedirs(base)
    description = trimmed()
    with open(os.path.join(base, "github.json"), "w", encoding="utf-8") as file:
        json.dump(description, file)
    with FakeGitHub(description) as fake:
        judge, through = prism(base, "prism-proxy", "proxy", fake.url, "--errors")
        with judge:
            fake.base = through
            # GitHub's own name for raw text ends in +json, and Prism would read it as JSON.
            fake.raw_type = "text/plain"
            validate(fake, through, description)
            own_paging(fake, through)
            organisation(base, fake, through)
    graphql_refuses(description)
    rights(base, description)
    troubles(base, description)
    recorded(base, description)
    mock, url = prism(base, "prism-mock", "mock")
    with mock:
        documented(base, url, description)
        anything(base, url)


# The fake is one that GitHub's description allows.

def calls(r: Repository) -> list[str]:
    at, branch = f"/repos/{r.full_name}", r.branch
    workflow = r.workflows[0]["id"]
    return [at, f"{at}/branches/{branch}", f"{at}/branches/{branch}/protection", f"{at}/rules/branches/{branch}", f"{at}/rulesets",
            *[f"{at}/rulesets/{s['id']}" for s in r.rulesets], f"{at}/vulnerability-alerts", f"{at}/automated-security-fixes",
            f"{at}/private-vulnerability-reporting", f"{at}/immutable-releases", f"{at}/code-scanning/default-setup",
            f"{at}/code-security-configuration", f"{at}/dependabot/alerts?state=open", f"{at}/secret-scanning/alerts?hide_secret=true",
            f"{at}/actions/workflows", f"{at}/actions/workflows/{workflow}/runs?event=schedule", f"{at}/actions/runs?per_page=100",
            *[f"{at}/actions/runs/{x['id']}" for x in r.runs[:1]], *[f"{at}/actions/runs/{x['id']}/attempts/1" for x in r.runs if x["run_attempt"] > 1],
            f"{at}/contents/.github/workflows/backup.yml", f"{at}/actions/permissions", f"{at}/issues?state=all&per_page=100",
            f"{at}/actions/permissions/artifact-and-log-retention", *[f"{at}/issues/{i['number']}" for i in r.issues[:2]],
            f"{at}/collaborators", f"{at}/teams", f"{at}/keys", f"{at}/hooks"]


def validate(fake: FakeGitHub, through: str, description: dict):
    """Prism stands between: an answer that the description does not allow becomes a 500 that says why."""
    paths = ["/orgs/acme", "/orgs/acme/repos?per_page=100", "/orgs/acme/members", "/orgs/acme/members?filter=2fa_disabled", "/rate_limit",
             "/orgs/acme/outside_collaborators?filter=2fa_disabled", "/orgs/acme/code-security/configurations", "/user", "/user/repos",
             "/search/issues?q=repo:acme/store-000+label:incident", "/orgs/acme/rulesets", "/orgs/acme/migrations", "/repos/acme/nothing"]
    for r in fake.repositories[:12]:  # each rhythm of settings at least once
        paths += calls(r)
    wrong = []
    for path in paths:
        status, _, body = get(through + path)
        if status >= 500 or b"stoplight.io/prism" in body:
            wrong.append(f"{path}: {status} {body[:600].decode()}")
    check(f"github fake: {len(paths)} answers are as GitHub describes them", not wrong, "\n".join(wrong[:5]))
    # The judge judges: an answer that lacks what the description requires is seen.
    broken = dict(fake.repositories[0].rest)
    fake.fault("/repos/acme/store-000", Reply(200, {k: v for k, v in broken.items() if k != "full_name"}), 1)
    status, _, body = get(through + "/repos/acme/store-000")
    check("github fake: a wrong answer is seen", status == 500 and b"full_name" in body, f"{status} {body[:300]!r}")


def own_paging(fake: FakeGitHub, through: str):
    """Links lead to every item once; an unchanged answer is 304 and does not count; a renamed repository moves."""
    url, seen = f"{through}/repos/acme/store-000/issues?state=all&per_page=50", []
    while url:
        status, headers, body = get(url)
        seen += [i["number"] for i in json.loads(body)]
        url = next((part.split(">")[0].strip(" <") for part in headers.get("link", "").split(",") if 'rel="next"' in part), "")
    same("github fake: issues over pages", sorted(seen), sorted(i["number"] for i in fake.repositories[0].issues))
    _, headers, _ = get(fake.url + "/orgs/acme")
    used = fake.used
    again, _, _ = get(fake.url + "/orgs/acme", **{"If-None-Match": headers["etag"]})
    check("github fake: 304 does not count", again == 304 and fake.used == used, f"{again}, {fake.used} of {used}")
    status, headers, _ = get(f"{fake.url}/repos/acme/old-store")
    check("github fake: a renamed repository", status == 301 and headers["location"].endswith("/repositories/7000"), f"{status} {headers}")
    status, _, body = get(fake.url + "/orgs/acme", Authorization="Bearer other")
    check("github fake: a wrong token", status == 401 and b"Bad credentials" in body, f"{status} {body!r}")


def graphql_refuses(description: dict):
    """GitHub's own schema runs the queries: a field that GitHub does not have is an error."""
    with FakeGitHub(description, 3) as fake:
        good = github_graphql.answer(fake, {"query": "{organization(login:\"acme\"){repositories(first:2){totalCount nodes{nameWithOwner}}}}"})
        same("github fake: a query", good["data"]["organization"]["repositories"]["nodes"], [{"nameWithOwner": f"acme/store-00{n}"} for n in (0, 1)])
        bad = github_graphql.answer(fake, {"query": "{organization(login:\"acme\"){backups}}"})
        check("github fake: a query that GitHub refuses", "backups" in bad["errors"][0]["message"], str(bad))


# What backproof reads is what the fake holds.

def organisation(base: str, fake: FakeGitHub, through: str):
    before = len(fake.requests)
    workspace = collected(base, through)
    asked = fake.requests[before:]
    check("github organisation: collected whole", workspace.code == 0, workspace.output)
    check("github organisation: requests that GitHub describes", bool(asked) and "stoplight" not in str(workspace.manifest()), workspace.output)
    assets = by(workspace.show("assets", PERIOD), "asset_id")
    same("github organisation: its repositories, and no other", {a for a in assets if a.count("/") == 1 and a.startswith("github:")},
         {f"github:{r.full_name}" for r in fake.repositories})
    for r in fake.repositories:
        shown = settings(assets.get(f"github:{r.full_name}", {}))
        check(f"github organisation: {r.full_name}", bool(shown) and not contradictions(r, shown), f"{contradictions(r, shown)} in {shown}")
    incidents = by(workspace.show("incidents", PERIOD), "incident_id")
    same("github organisation: incidents", set(incidents), github_graphql.incidents(fake.repositories))
    issues = {f"{r.full_name}#{i['number']}": i for r in fake.repositories for i in r.issues}
    wrong = [n for n, row in incidents.items() if (row["opened_at"], row["closed_at"]) != (issues[n]["created_at"], issues[n]["closed_at"])]
    check("github organisation: times of incidents", bool(incidents) and not wrong, str(wrong[:5]))
    copies(fake, workspace)
    check("github organisation: queries that GitHub's schema allows", bool(asked) and not fake.refused_queries, str(fake.refused_queries[:3]))
    same("github organisation: secrets in the store", workspace.holding(CANARY), [])
    writes = [f"{r.method} {r.path}" for r in asked if r.method not in ("GET", "HEAD") and r.path != "/graphql"
              or b"mutation" in r.body.split(b"{")[0]]
    check("github organisation: reads only", bool(asked) and not writes, str(writes))
    unsafe = [r.path for r in asked if "secret-scanning/alerts" in r.path and r.one("hide_secret") != "true"]
    check("github organisation: asks for no secret that was found", bool(asked) and not unsafe, str(unsafe))
    own = [r for r in asked if not r.headers.get("user-agent") or "github" not in r.headers.get("accept", "")]
    check("github organisation: says who asks and what it wants", bool(asked) and not own, str(own[:2]))
    listed = [r for r in asked if r.path.startswith(("/orgs/acme/repos", "/organizations/600/repos"))]
    check("github organisation: requests a repository", bool(asked) and len(asked) <= 30 * len(fake.repositories), f"{len(asked)}, {len(listed)} lists")


def words(value: object) -> str:
    return str(value).lower()


def contradictions(r: Repository, shown: dict[str, str]) -> list[str]:
    """Settings that backproof shows and that are otherwise. Names are looked for, so that a new one breaks nothing;
    what must be there by name is asked for at the end."""
    plain = {k.lower().replace("-", " ").replace("_", " "): words(v) for k, v in shown.items()}
    on = {"on", "true", "enabled", "yes", "configured"}
    wrong = []
    def compare(name: str, true: bool):
        for key in [k for k in plain if k == name]:
            if (plain[key] in on) != true:
                wrong.append(f"{key} is {true}, shown {plain[key]}")
    compare("archived", r.rest["archived"])
    compare("private", r.rest["private"])
    compare("fork", r.rest["fork"])
    compare("vulnerability alerts", r.alerts_on)
    compare("private vulnerability reporting", r.reporting)
    compare("immutable releases", r.immutable is not None)
    for key, value in r.rest["security_and_analysis"].items():
        compare(key.replace("_", " "), value["status"] == "enabled")
    for name, true in (("visibility", r.rest["visibility"]), ("default branch", r.branch)):
        if plain.get(name) != true:
            wrong.append(f"{name} is {true}, shown {plain.get(name)}")
    return wrong + unprotected(r, shown)


def unprotected(r: Repository, shown: dict[str, str]) -> list[str]:
    """Where the protection of the default branch is shown otherwise than it is."""
    p, wrong = r.protection, []
    parts = {"force pushes allowed": "allow_force_pushes", "deletion allowed": "allow_deletions", "applies to administrators": "enforce_admins",
             "linear history required": "required_linear_history", "signatures required": "required_signatures"}
    for part, key in parts.items():
        seen, true = shown.get(f"branch {r.branch}: {part}"), words(p[key]["enabled"]) if p else None
        if seen != true:
            wrong.append(f"branch {r.branch}: {part} is {true}, shown {seen}")
    reviews = p and p.get("required_pull_request_reviews")
    true = (str(reviews["required_approving_review_count"]) if reviews else "not required") if p else None
    if shown.get(f"branch {r.branch}: approving reviews") != true:
        wrong.append(f"approving reviews is {true}, shown {shown.get(f'branch {r.branch}: approving reviews')}")
    held = shown.get("branch rules", "none")
    types = {rule["type"] for rule in r.rules}
    if any(t not in held for t in types) or "required_signatures" in held or (not types and held != "none"):
        wrong.append(f"rules are {sorted(types)}, shown {held}")
    return wrong


RUNS = {"success": {"success"}, "failure": {"failed"}, "cancelled": {"aborted"}, "timed_out": {"failed", "aborted"}, None: {"running"}}


def copies(fake: FakeGitHub, workspace: Workspace):
    """Runs of the workflow that makes backups, each attempt by itself."""
    rows = [r for r in workspace.show("runs", PERIOD) if (r["resource"] or "").startswith("github:acme/")]
    true = sorted((f"github:{r.full_name}", x["run_started_at"], x["conclusion"]) for r in fake.repositories for x in r.runs)
    true = sorted(true + [(f"github:{r.full_name}", x["run_started_at"], "failure") for r in fake.repositories for x in r.runs if x["run_attempt"] > 1], key=str)
    left = [(r["resource"], r["started_at"], r["status"]) for r in rows]
    missing = []
    for resource, began, conclusion in true:
        found = next((row for row in left if row[:2] == (resource, began) and row[2] in RUNS[conclusion]), None)
        if found:
            left.remove(found)
        else:
            missing.append((resource, began, conclusion))
    check("github organisation: runs of workflows that copy", bool(rows) and not missing and not left, f"missing {missing[:4]}, too many {left[:4]}")


def rights(base: str, description: dict):
    """Without administration a 404 may mean anything: no setting may come out as off."""
    with FakeGitHub(description, 4, rights=RIGHTS - {"administration", "owner"}) as fake:
        workspace = collected(base, fake.url)
        assets = by(workspace.show("assets", PERIOD), "asset_id")
        check("github few rights: repositories", len([a for a in assets if a.startswith("github:acme/")]) == 4, str(sorted(assets)))
        for r in fake.repositories:
            shown = settings(assets.get(f"github:{r.full_name}", {}))
            off = {k: v for k, v in shown.items() if words(v) in ("off", "false", "disabled", "none", "no", "absent")
                   and any(w in k.lower() for w in ("alert", "scanning", "fixes", "updates", "immutable", "two", "2fa", "protection"))}
            check(f"github few rights: nothing of {r.full_name} is off", bool(shown) and not off, f"{off} of {shown}")
        shown = settings(assets.get("github:acme", {}))
        factor = [v for k, v in shown.items() if "two-factor" in k]
        check("github few rights: the second factor is not determined", bool(assets) and not set(map(words, factor)) & {"false", "no", "none"}, str(factor))


def troubles(base: str, description: dict):
    def case(name: str, path: str, reply: Reply, times: int, count: int = 3) -> tuple[Workspace, FakeGitHub]:
        with FakeGitHub(description, count) as fake:
            fake.fault(path, reply, times)
            return collected(base, fake.url), fake

    workspace, fake = case("secondary", "/orgs/acme", SECONDARY, 1)
    check("github secondary limit: waits and goes on", workspace.code == 0, workspace.output)
    for name, path, reply in (("used up", "", exhausted()), ("bad credentials", "", error(401, "Bad credentials")),
                              ("bad gateway", "/issues", Reply(502, b"<html>Unicorn!</html>", {"Content-Type": "text/html"})),
                              ("no rights to issues", "/issues", forbidden("issues=read"))):
        workspace, fake = case(name, path, reply, 10**6)
        status = workspace.source().get("status")
        check(f"github {name}: not complete", workspace.code == 4 and status in ("incomplete", "failed"), f"{status}: {workspace.output}")
        if name == "used up":
            check("github used up: does not hammer", 0 < len(fake.requests) <= 10, f"{len(fake.requests)} requests")
        if name == "no rights to issues":
            tried = [(r.path, str(r.query)) for r in fake.requests if r.path.endswith("/issues")]
            check("github no rights to issues: asked once each", 0 < len(tried) == len(set(tried)), str(tried))
    foreign = Reply(200, [], {"link": '<https://api.example.com/repositories/1/issues?page=2>; rel="next"'})
    workspace, fake = case("foreign", "/issues", foreign, 10**6)
    check("github foreign link: incomplete", workspace.code == 4 and workspace.source().get("status") == "incomplete", workspace.output)
    with FakeGitHub(description, 2) as fake:
        workspace = collected(base, fake.url, 'repositories = ["acme/old-store"]')
        assets = by(workspace.show("assets", PERIOD), "asset_id")
        check("github renamed: found under its new name", "github:acme/store-000" in assets, f"{sorted(assets)} {workspace.output}")


def recorded(base: str, description: dict):
    """Five recorded pages, linked by numeric paths: every issue once."""
    with Replay(description) as server:
        workspace = collected(base, server.url, 'repositories = ["octokit-fixture-org/paginate-issues"]')
        check("github recorded: all pages, in order", server.asked[:5] == ["1", "2", "3", "4", "5"], str(server.asked))
        rows = by(workspace.show("incidents", "2017-01-01..2026-12-31"), "incident_id")
        same("github recorded: every issue once", set(rows), {f"octokit-fixture-org/paginate-issues#{n}" for n in range(1, 14)})


def stored(workspace: Workspace) -> list[bytes]:
    return [open(path, "rb").read() for path in glob.glob(f"{workspace.path}/evidence/objects/*/*")]


def documented(base: str, url: str, description: dict):
    """GitHub's examples. Their lists link to https://api.github.com/resource?page=2, which is not where we ask."""
    workspace = collected(base, url)
    status = workspace.source().get("status")
    check("github documented: foreign link refused, so incomplete", workspace.code == 4 and status == "incomplete", f"{status}: {workspace.output}")
    check("github documented: the link is named", "api.github.com" in json.dumps(workspace.source()), json.dumps(workspace.source())[:2000])
    assets = by(workspace.show("assets", PERIOD), "asset_id")
    check("github documented: the repository", "github:octocat/Hello-World" in assets, str(sorted(assets)))
    check("github documented: stored", any(b"Hello-World" in o for o in stored(workspace)), "no object holds it")
    single = collected(base, url, 'repositories = ["octocat/Hello-World"]')
    token = example(description, "/repos/{owner}/{repo}")["temp_clone_token"]
    check("github documented: a repository by name", any(b"Hello-World" in o for o in stored(single)), single.output)
    same("github documented: the example's token in the store", single.holding(token), [])


def anything(base: str, url: str):
    """Random answers that the description allows: whatever comes, the program ends in order and keeps what it got."""
    with Forward(url, Prefer="dynamic=true") as server:
        for n in range(3):
            workspace = collected(base, server.url)
            check(f"github random {n}: ends in order", workspace.code in (0, 4) and bool(workspace.manifest()), workspace.output[-1500:])
        check("github random: was asked", len(server.requests) > 3, str(len(server.requests)))
