"""GitHub's own description of its REST API, cut down to what a collector of evidence may ask.

The whole file takes Prism a minute and a half to load, the cut one some seconds. Added to it: GitHub's recommended
media type beside `application/json` (the description names only the latter, and Prism answers 406 to the former), the
numeric form of paths that GitHub's `Link` headers use, and `POST /graphql`, which it does not describe.
"""

import copy
import json

from live import CACHE

SOURCE = f"{CACHE}/node-github/node_modules/@octokit/openapi/generated/api.github.com.json"
SCHEMA = f"{CACHE}/node-github/node_modules/@octokit/graphql-schema/schema.graphql"

REPOSITORY = "/repos/{owner}/{repo}"
OF_REPOSITORY = [
    "", "/branches", "/branches/{branch}", "/branches/{branch}/protection", "/rules/branches/{branch}", "/rulesets",
    "/rulesets/{ruleset_id}", "/vulnerability-alerts", "/automated-security-fixes", "/private-vulnerability-reporting",
    "/immutable-releases", "/code-scanning/default-setup", "/code-security-configuration", "/dependabot/alerts",
    "/secret-scanning/alerts", "/actions/workflows", "/actions/workflows/{workflow_id}", "/actions/workflows/{workflow_id}/runs",
    "/actions/runs", "/actions/runs/{run_id}", "/actions/runs/{run_id}/jobs", "/actions/runs/{run_id}/artifacts", "/actions/runs/{run_id}/attempts/{attempt_number}",
    "/actions/permissions", "/actions/permissions/artifact-and-log-retention", "/issues", "/issues/{issue_number}",
    "/issues/{issue_number}/comments", "/issues/{issue_number}/events", "/issues/{issue_number}/timeline", "/contents/{path}",
    "/commits", "/collaborators", "/teams", "/keys", "/hooks", "/properties/values", "/environments", "/releases",
]
OTHERS = [
    "/orgs/{org}", "/orgs/{org}/repos", "/orgs/{org}/members", "/orgs/{org}/outside_collaborators", "/orgs/{org}/rulesets",
    "/orgs/{org}/rulesets/{ruleset_id}", "/orgs/{org}/code-security/configurations", "/orgs/{org}/dependabot/alerts",
    "/orgs/{org}/secret-scanning/alerts", "/orgs/{org}/issues", "/orgs/{org}/migrations", "/orgs/{org}/migrations/{migration_id}",
    "/orgs/{org}/properties/values", "/orgs/{org}/installations", "/search/issues", "/rate_limit", "/user", "/user/repos", "/user/orgs",
    "/installation/repositories", "/versions", "/meta",
]
MEDIA = "application/vnd.github+json"


def references(node, found: set[str]):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                found.add(value)
            else:
                references(value, found)
    elif isinstance(node, list):
        for value in node:
            references(value, found)


def trimmed() -> dict:
    with open(SOURCE, encoding="utf-8") as file:
        whole = json.load(file)
    paths = {}
    for path in [REPOSITORY + rest for rest in OF_REPOSITORY] + OTHERS:
        get = whole["paths"][path]["get"]
        paths[path] = {"get": get}
        for named, by_id, gone in (("/repos/{owner}/{repo}", "/repositories/{id}", ("owner", "repo")), ("/orgs/{org}", "/organizations/{id}", ("org",))):
            if path.startswith(named):
                numeric = copy.deepcopy(get)
                numeric["operationId"] += "-by-id"
                numeric["parameters"] = [p for p in numeric["parameters"] if p.get("name", p.get("$ref", "").split("/")[-1]) not in gone]
                numeric["parameters"].append({"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}})
                paths[by_id + path.removeprefix(named)] = {"get": numeric}
    # Slashes in the path of a file may be sent as they are, which a template of paths can't say.
    file = copy.deepcopy(paths[REPOSITORY + "/contents/{path}"]["get"]) | {"operationId": "contents-of-workflow"}
    file["responses"]["200"]["content"]["text/plain"] = {"schema": {"type": "string"}}
    paths[REPOSITORY + "/contents/.github/workflows/{path}"] = {"get": file}
    anything = {"application/json": {"schema": {"type": "object"}}}
    paths["/graphql"] = {"post": {"operationId": "graphql", "requestBody": {"content": {"application/json": {"schema": {
        "type": "object", "required": ["query"], "properties": {"query": {"type": "string"}}}}}},
        "responses": {"200": {"description": "data or errors", "content": anything}}}}
    out = {k: v for k, v in whole.items() if k not in ("paths", "components", "x-webhooks", "tags")} | {"paths": paths, "components": {}}
    wanted, done = set(), set()
    references(paths, wanted)
    while wanted - done:
        reference = min(wanted - done)
        done.add(reference)
        _, _, group, name = reference.split("/")
        part = whole["components"][group][name]
        out["components"].setdefault(group, {})[name] = part
        references(part, wanted)
    # `backup.yml` or a number: a number is both for Prism, and so "one of" refuses it.
    workflow = out["components"]["parameters"]["workflow-id"]["schema"]
    workflow["anyOf"] = workflow.pop("oneOf")
    both_media(out["paths"])
    both_media(out["components"].get("responses", {}))
    return out


def both_media(node):
    if isinstance(node, dict):
        content = node.get("content")
        if isinstance(content, dict) and "application/json" in content and "responses" not in node:
            content.setdefault(MEDIA, content["application/json"])
        for value in node.values():
            both_media(value)
    elif isinstance(node, list):
        for value in node:
            both_media(value)


def example(description: dict, path: str, name: str | None = None):
    """GitHub's documented answer to a call."""
    content = description["paths"][path]["get"]["responses"]["200"]
    if "$ref" in content:
        content = description["components"]["responses"][content["$ref"].split("/")[-1]]
    media = content["content"]["application/json"]
    if "example" in media:
        return copy.deepcopy(media["example"])
    examples = media["examples"]
    one = examples[name] if name else next(iter(examples.values()))
    if "$ref" in one:
        one = description["components"]["examples"][one["$ref"].split("/")[-1]]
    return copy.deepcopy(one["value"])


if __name__ == "__main__":
    print(json.dumps(trimmed()))
