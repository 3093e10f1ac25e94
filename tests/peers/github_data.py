"""What the fake GitHub holds: an organisation and its repositories, no two of them set up alike.

Answers are GitHub's own documented examples with our values in them, so that every field is there that a real answer
has. Secrets in them (tokens, found secrets, addresses of hooks) contain `CANARY`.
"""

import copy
from dataclasses import dataclass, field

from github_description import example

CANARY = "kakapo-5d20c4"
TOKEN = f"github_pat_{CANARY}"
SECURITY = ["advanced_security", "code_security", "dependabot_security_updates", "secret_scanning",
            "secret_scanning_push_protection", "secret_scanning_non_provider_patterns", "secret_scanning_delegated_bypass"]


def renamed(value, full_name: str):
    """The example, told of another repository."""
    if isinstance(value, str):
        return value.replace("octocat/Hello-World", full_name).replace("octo-org/octo-repo", full_name).replace("monalisa/my-repo", full_name)
    if isinstance(value, list):
        return [renamed(v, full_name) for v in value]
    if isinstance(value, dict):
        return {k: renamed(v, full_name) for k, v in value.items()}
    return value


@dataclass
class Repository:
    rest: dict
    branch: str
    protection: dict | None = None
    rules: list[dict] = field(default_factory=list)
    rulesets: list[dict] = field(default_factory=list)
    alerts_on: bool = False  # vulnerability alerts
    fixes: dict | None = None  # automated security fixes
    reporting: bool = False  # private vulnerability reporting
    immutable: dict | None = None  # immutable releases
    setup: dict = field(default_factory=dict)  # code scanning
    configuration: dict | None = None  # attached code security configuration
    workflows: list[dict] = field(default_factory=list)
    runs: list[dict] = field(default_factory=list)
    issues: list[dict] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        return self.rest["full_name"]


def repository(description: dict, owner: str, n: int) -> Repository:
    """The n-th: which settings it has follows from its number, in several rhythms."""
    name = f"{owner}/store-{n:03d}"
    path = "/repos/{owner}/{repo}"
    rest = renamed(example(description, path), name)
    branch = ["main", "trunk", "master"][n % 3]
    visibility = ["private", "internal", "public"][n % 3]
    for parts in ("template_repository", "parent", "source"):
        rest.pop(parts, None)
    rest |= {"id": 7000 + n, "node_id": f"R_{n}", "name": f"store-{n:03d}", "full_name": name, "private": visibility != "public",
             "visibility": visibility, "archived": n % 7 == 6, "disabled": False, "fork": n % 11 == 10, "is_template": False,
             "default_branch": branch, "language": "Rust", "size": 108 + n, "allow_forking": n % 2 == 0, "web_commit_signoff_required": n % 4 == 0,
             "delete_branch_on_merge": n % 2 == 1, "temp_clone_token": CANARY, "pushed_at": f"2026-10-{1 + n % 28:02d}T06:00:00Z",
             "created_at": "2024-01-26T19:01:12Z", "updated_at": "2026-10-26T19:14:43Z",
             "security_and_analysis": {key: {"status": "enabled" if (n + at) % 3 else "disabled"} for at, key in enumerate(SECURITY)}}
    rest["owner"] |= {"login": owner, "type": "Organization"}
    rest["organization"] |= {"login": owner, "type": "Organization"}
    out = Repository(rest, branch)
    if n % 4 in (0, 2):
        out.protection = protection(description, name, branch, n)
    if n % 4 in (1, 2):
        out.rulesets, out.rules = ruleset(description, name, n)
    out.alerts_on = n % 2 == 0
    out.fixes = {"enabled": n % 4 == 0, "paused": n % 8 == 4} if n % 2 == 0 else None
    out.reporting = n % 3 == 0
    out.immutable = {"enabled": True, "enforced_by_owner": n % 2 == 0} if n % 5 == 0 else None
    out.setup = example(description, path + "/code-scanning/default-setup") | {"state": "configured" if n % 3 else "not-configured"}
    if n % 4 == 1:
        out.configuration = example(description, path + "/code-security-configuration")
    workflows(description, out, n)
    out.issues = [issue(description, name, number, n) for number in range(1, 1 + [130, 7, 0][n % 3 if n < 6 else 2])]
    return out


def protection(description: dict, name: str, branch: str, n: int) -> dict:
    def on(flag: bool) -> dict:
        return {"enabled": flag}
    url = f"https://api.github.com/repos/{name}/branches/{branch}/protection"
    checks = {"url": f"{url}/required_status_checks", "strict": n % 2 == 0, "contexts": ["ci"], "checks": [{"context": "ci", "app_id": 15368}],
              "contexts_url": f"{url}/required_status_checks/contexts"}
    out = {"url": url, "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": n % 8 == 0},
           "required_linear_history": on(n % 8 == 2), "allow_force_pushes": on(n % 8 == 4), "allow_deletions": on(n % 8 == 6),
           "block_creations": on(False), "required_conversation_resolution": on(True), "lock_branch": on(False),
           "allow_fork_syncing": on(False), "required_signatures": {"url": f"{url}/required_signatures", "enabled": n % 8 == 2}}
    if n % 8 in (0, 2):
        out["required_status_checks"] = checks
    if n % 8 in (0, 4):
        out["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews", "dismiss_stale_reviews": True, "require_code_owner_reviews": n % 8 == 0,
            "required_approving_review_count": 1 + n % 2, "require_last_push_approval": False}
    return out


def ruleset(description: dict, name: str, n: int) -> tuple[list[dict], list[dict]]:
    """One active ruleset, one that only watches; and the rules that hold for the branch, which come of the former."""
    kinds = [("deletion", None), ("non_fast_forward", None), ("pull_request", {
        "dismiss_stale_reviews_on_push": True, "require_code_owner_review": False, "require_last_push_approval": False,
        "required_approving_review_count": n % 3, "required_review_thread_resolution": False})]
    rules = [{"type": kind} | ({"parameters": parameters} if parameters else {}) for kind, parameters in kinds[:1 + n % 3]]
    def one(id: int, enforcement: str, rules: list[dict]) -> dict:
        base = renamed(example(description, "/repos/{owner}/{repo}/rulesets/{ruleset_id}"), name)
        return base | {"id": id, "name": f"guard {id}", "enforcement": enforcement, "source": name, "rules": rules, "target": "branch",
                       "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}}
    rulesets = [one(100 + n, "active", rules), one(900 + n, "evaluate", [{"type": "required_signatures"}])]
    held = [{"ruleset_source_type": "Repository", "ruleset_source": name, "ruleset_id": 100 + n} | rule for rule in rules]
    return rulesets, held


def workflows(description: dict, out: Repository, n: int):
    path = "/repos/{owner}/{repo}/actions/workflows"
    base = renamed(example(description, path)["workflows"][0], out.full_name)
    states = ["active", "disabled_inactivity", "disabled_manually"]
    out.workflows = [base | {"id": 4000 + n, "name": "backup", "path": ".github/workflows/backup.yml", "state": states[n % 3]}]
    base = renamed(example(description, path + "/{workflow_id}/runs")["workflow_runs"][0], out.full_name)
    words = ["success", "failure", "cancelled", "timed_out", None]
    for day in range(1, 8 if n < 3 else 1):
        conclusion = words[(n + day) % 5]
        out.runs.append(base | {
            "id": 50_000 + n * 100 + day, "name": "backup" if day % 2 else None, "event": "schedule", "workflow_id": 4000 + n,
            # Every sixth was started again.
            "path": f".github/workflows/backup.yml@{out.branch}", "head_branch": out.branch, "run_number": day, "run_attempt": 2 if day == 6 else 1,
            "status": "completed" if conclusion else "in_progress", "conclusion": conclusion,
            "created_at": f"2026-10-{day:02d}T02:00:07Z", "run_started_at": f"2026-10-{day:02d}T02:00:07Z",
            "updated_at": f"2026-10-{day:02d}T02:{10 + day}:00Z"})


def issue(description: dict, name: str, number: int, n: int) -> dict:
    """Every third is an incident, every fifth a pull request, every seventh has lost its author."""
    base = renamed(example(description, "/repos/{owner}/{repo}/issues")[0], name)
    labels = (["incident", "severity:high", "cause:backup_failed"] if number % 3 == 0 else []) + (["Backup"] if number % 6 == 1 else [])
    opened = f"2026-{1 + number % 9:02d}-{1 + number % 28:02d}T10:00:00Z"
    closed = number % 2 == 0
    url = f"https://api.github.com/repos/{name}/issues/{number}"
    base |= {"id": 90_000 + n * 1000 + number, "node_id": f"I_{n}_{number}", "number": number, "title": f"Nightly dump {number}", "url": url,
             "html_url": f"https://github.com/{name}/issues/{number}", "state": "closed" if closed else "open",
             "state_reason": "completed" if closed else None, "created_at": opened, "updated_at": f"2026-{1 + number % 9:02d}-28T12:00:00Z",
             "closed_at": f"2026-{1 + number % 9:02d}-28T12:00:00Z" if closed else None,
             "labels": [{"id": 1, "node_id": "L", "url": f"https://api.github.com/repos/{name}/labels/x", "name": label, "color": "d73a4a",
                         "default": False, "description": None} for label in labels]}
    if number % 5:
        base.pop("pull_request", None)
    else:
        base["pull_request"] = {key: f"https://github.com/{name}/pull/{number}" for key in ("url", "html_url", "diff_url", "patch_url")}
    if number % 7 == 0:
        base["user"] = None
    return base


def is_incident(issue: dict) -> bool:
    names = {label["name"].lower() for label in issue["labels"]}
    return bool(names & {"incident", "backup", "investigation"}) and "pull_request" not in issue


def workflow_text() -> bytes:
    return b"name: backup\non:\n  schedule:\n    - cron: '7 2 * * *'\njobs:\n  copy:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ./copy.sh\n"


def organization(description: dict, owner: str, repositories: list[Repository]) -> dict:
    out = example(description, "/orgs/{org}")
    public = sum(not r.rest["private"] for r in repositories)
    return out | {"public_repos": public, "total_private_repos": len(repositories) - public, "owned_private_repos": len(repositories) - public} | {"login": owner, "id": 600, "two_factor_requirement_enabled": True, "default_repository_permission": "read",
                  "members_can_create_public_repositories": False, "web_commit_signoff_required": False, "archived_at": None}


def listed(repository: Repository, template: dict) -> dict:
    """A repository as lists show it: without what only the single answer has."""
    keys = set(template) | {"security_and_analysis", "visibility", "default_branch"}
    return {k: v for k, v in copy.deepcopy(repository.rest).items() if k in keys}
