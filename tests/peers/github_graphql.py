"""GitHub's GraphQL endpoint, run by graphql-core on GitHub's own schema: a query that GitHub would refuse is refused.

A field that the fake holds nothing for is an error, never a silent null.
"""

import base64
import functools

from github_data import Repository, is_incident
from github_description import SCHEMA


@functools.cache
def schema():
    from graphql import build_schema
    with open(SCHEMA, encoding="utf-8") as file:
        return build_schema(file.read(), assume_valid=True, assume_valid_sdl=True, no_location=True)


def connection(items: list, first: int | None = None, after: str | None = None, **_) -> dict:
    start = int(base64.b64decode(after).decode().split(":")[1]) if after else 0
    end = start + (first or 100)
    def cursor(at: int) -> str:
        return base64.b64encode(f"cursor:{at}".encode()).decode()
    return {"totalCount": len(items), "nodes": items[start:end], "edges": [{"node": i, "cursor": cursor(start + 1)} for i in items[start:end]],
            "pageInfo": {"hasNextPage": end < len(items), "hasPreviousPage": start > 0, "startCursor": cursor(start), "endCursor": cursor(min(end, len(items)))}}


def resolve(source, info, **arguments):
    from graphql import GraphQLError, is_list_type, get_nullable_type
    name = info.field_name
    if not isinstance(source, dict) or name not in source:
        raise GraphQLError(f"the fake holds no {info.parent_type.name}.{name}")
    value = source[name]
    if callable(value):
        value = value(**arguments)
    kind = get_nullable_type(info.return_type)
    if isinstance(value, list) and not is_list_type(kind):
        value = connection(value, **arguments)
    return value


def branch_rule(p: dict, branch: str) -> dict:
    reviews, checks = p.get("required_pull_request_reviews"), p.get("required_status_checks")
    return {"__typename": "BranchProtectionRule", "id": f"BPR_{branch}", "databaseId": 1, "pattern": branch,
            "isAdminEnforced": p["enforce_admins"]["enabled"], "allowsForcePushes": p["allow_force_pushes"]["enabled"],
            "allowsDeletions": p["allow_deletions"]["enabled"], "requiresLinearHistory": p["required_linear_history"]["enabled"],
            "requiresCommitSignatures": p["required_signatures"]["enabled"], "requiresConversationResolution": True,
            "lockBranch": False, "blocksCreations": False, "restrictsPushes": False, "restrictsReviewDismissals": False,
            "requiresApprovingReviews": reviews is not None, "dismissesStaleReviews": bool(reviews),
            "requiredApprovingReviewCount": reviews and reviews["required_approving_review_count"],
            "requiresCodeOwnerReviews": bool(reviews and reviews["require_code_owner_reviews"]), "requireLastPushApproval": False,
            "requiresStatusChecks": checks is not None, "requiresStrictStatusChecks": bool(checks and checks["strict"]),
            "requiredStatusCheckContexts": checks["contexts"] if checks else None}


def update_rule(p: dict, branch: str) -> dict:
    """What everybody who may read sees of the rule that holds for a branch."""
    return {"__typename": "RefUpdateRule", "pattern": branch, "allowsForcePushes": p["allow_force_pushes"]["enabled"],
            "allowsDeletions": p["allow_deletions"]["enabled"], "requiresLinearHistory": p["required_linear_history"]["enabled"],
            "requiresSignatures": p["required_signatures"]["enabled"], "blocksCreations": False, "requiresConversationResolution": True}


def rule(r: dict) -> dict:
    parameters = None
    if r["type"] == "pull_request":
        parameters = {"__typename": "PullRequestParameters", "requiredApprovingReviewCount": r["parameters"]["required_approving_review_count"]}
    return {"__typename": "RepositoryRule", "id": "RRU", "type": r["type"].upper(), "parameters": parameters}


def ruleset(r: dict) -> dict:
    names = r["conditions"]["ref_name"]
    return {"__typename": "RepositoryRuleset", "id": f"RRS_{r['id']}", "databaseId": r["id"], "name": r["name"], "target": "BRANCH",
            "enforcement": r["enforcement"].upper(), "createdAt": "2024-01-01T00:00:00Z", "updatedAt": "2024-01-01T00:00:00Z",
            "conditions": {"refName": {"include": names["include"], "exclude": names["exclude"]}}, "rules": [rule(x) for x in r["rules"]],
            "bypassActors": []}


def tree(r: Repository):
    def find(expression: str, **_):
        files = [w["path"].rsplit("/", 1)[1] for w in r.workflows]
        return {"__typename": "Tree", "entries": [{"name": f} for f in files]} if expression == "HEAD:.github/workflows" and files else None
    return find


def issue(i: dict) -> dict:
    return {"__typename": "Issue", "id": i["node_id"], "databaseId": i["id"], "number": i["number"], "title": i["title"], "url": i["html_url"],
            "state": i["state"].upper(), "stateReason": i["state_reason"] and i["state_reason"].upper(), "createdAt": i["created_at"],
            "updatedAt": i["updated_at"], "closedAt": i["closed_at"], "body": "", "author": None,
            "labels": [{"__typename": "Label", "name": label["name"]} for label in i["labels"]]}


def repository(r: Repository, administrator: bool) -> dict:
    rest = r.rest
    protection = branch_rule(r.protection, r.branch) if r.protection else None
    target = {"__typename": "Commit", "oid": "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d", "committedDate": rest["pushed_at"]}
    def issues(labels: list[str] | None = None, states: list[str] | None = None, **page):
        found = [i for i in r.issues if "pull_request" not in i
                 and (not labels or {n.lower() for n in labels} & {x["name"].lower() for x in i["labels"]})
                 and (not states or i["state"].upper() in states)]
        return connection([issue(i) for i in found], **page)
    return {"__typename": "Repository", "id": rest["node_id"], "databaseId": rest["id"], "name": rest["name"], "nameWithOwner": r.full_name,
            "owner": {"__typename": "Organization", "login": rest["owner"]["login"], "id": "O"}, "url": rest["html_url"],
            "visibility": rest["visibility"].upper(), "isPrivate": rest["private"], "isArchived": rest["archived"], "isDisabled": False,
            "isFork": rest["fork"], "isTemplate": False, "isEmpty": False, "isLocked": False, "pushedAt": rest["pushed_at"],
            "createdAt": rest["created_at"], "updatedAt": rest["updated_at"], "diskUsage": rest["size"],
            "archivedAt": rest["updated_at"] if rest["archived"] else None, "forkingAllowed": rest["allow_forking"],
            "webCommitSignoffRequired": rest["web_commit_signoff_required"], "deleteBranchOnMerge": rest["delete_branch_on_merge"],
            "hasVulnerabilityAlertsEnabled": r.alerts_on if administrator else False, "viewerCanAdminister": administrator,
            "viewerPermission": "ADMIN" if administrator else "READ", "description": rest["description"],
            "defaultBranchRef": {"__typename": "Ref", "id": "REF", "name": r.branch, "target": target, "branchProtectionRule": protection,
                                 "rules": [rule(x) for x in r.rules],
                                 "refUpdateRule": update_rule(r.protection, r.branch) if r.protection else None},
            "isMirror": False, "mirrorUrl": None, "parent": None, "lockReason": None, "hasIssuesEnabled": True, "object": tree(r),
            "labels": [{"__typename": "Label", "name": n} for n in sorted({x["name"] for i in r.issues for x in i["labels"]})],
            "branchProtectionRules": [protection] if protection and administrator else [], "rulesets": [ruleset(x) for x in r.rulesets],
            "issues": issues, "vulnerabilityAlerts": [], "isSecurityPolicyEnabled": False, "securityPolicyUrl": None}


def answer(fake, body: dict) -> dict:
    """What `POST /graphql` answers, with status 200 whether or not it worked."""
    from graphql import graphql_sync
    def find(owner: str, name: str, **_):
        found = fake.find(owner, name)
        return found and repository(found, fake.allowed("administration"))
    def organization(login: str):
        if login.lower() != fake.owner:
            return None
        return {"__typename": "Organization", "login": fake.owner, "id": "O_600", "databaseId": 600, "name": "Acme", "url": f"https://github.com/{fake.owner}",
                "requiresTwoFactorAuthentication": True if fake.allowed("owner") else None,
                "repositories": [repository(r, fake.allowed("administration")) for r in fake.repositories]}
    root = {"__typename": "Query", "repository": find, "organization": organization,
            "viewer": {"__typename": "User", "login": "erika", "id": "U_1", "databaseId": 1},
            "rateLimit": {"limit": 5000, "cost": 1, "remaining": 4990, "used": 10, "nodeCount": 10, "resetAt": "2030-01-01T00:00:00Z"}}
    done = graphql_sync(schema(), body.get("query", ""), root_value=root, variable_values=body.get("variables"),
                        operation_name=body.get("operationName"), field_resolver=resolve)
    out = {} if done.data is None and done.errors else {"data": done.data}
    if done.errors:
        fake.refused_queries += [e.message for e in done.errors]
        out["errors"] = [{"message": e.message, "path": e.path, "locations": [{"line": p.line, "column": p.column} for p in e.locations or []]}
                         for e in done.errors]
    return out


def incidents(repositories: list[Repository]) -> set[str]:
    return {f"{r.full_name}#{i['number']}" for r in repositories for i in r.issues if is_incident(i)}
