"""A fake of Heroku's platform and data APIs, precise enough for Heroku's own CLI (peer_heroku.py proves that).

One company (`heroku_data.company()`), and as many doors to it as a test wants: one that answers for both hosts, as the
CLI needs it, or one for each host, so that a client that asks the wrong host gets the 404 that it would get from Heroku.

Behaves as told by the Platform API reference and the CLI's source: version in Accept, lists cut at 200 (at most 1000)
with 206 and Next-Range, ETag and 304, RateLimit-Remaining, Request-Id, errors as {"id","message","url"}.

    python3 fake_heroku.py PORT     to try it by hand, HEROKU_API_KEY as printed
"""

import hashlib
import json
import re
import sys
import time

from heroku_data import CANARY, company, stable
from live import Loopback, Reply, Request

PLATFORM, DATA = "platform", "data"
SERVICE = "heroku-postgresql"


def error(status: int, id: str, message: str) -> Reply:
    return Reply(status, {"id": id, "message": message, "url": f"https://devcenter.heroku.com/articles/platform-api-reference#{id}"})


NOT_FOUND = error(404, "not_found", "Couldn't find that resource.")
LIMITED = error(429, "rate_limit", "Your account reached the API rate limit. Please wait a few minutes before making new requests")


def is_advanced(addon: dict) -> bool:
    return re.match(r"[^:]+:(advanced|performance)", addon["plan"]["name"]) is not None


class FakeHeroku(Loopback):
    def __init__(self, data: dict | None = None, hosts: tuple[str, ...] = (PLATFORM, DATA), most: int = 1000, port: int = 0):
        """`most` is the longest page; Heroku's is 1000."""
        self.data = data or company()
        self.hosts, self.most, self.served = hosts, most, 0
        super().__init__(port)

    # What every answer has.

    def answer(self, request: Request) -> Reply:
        self.served += 1
        host = DATA if request.parts[:1] in (["client"], ["data"]) else PLATFORM
        reply = self.refused(request)
        if reply is None:
            reply = self.route(request, host) if host in self.hosts else NOT_FOUND
        headers = {"Request-Id": stable(f"request {self.served}"), "Cache-Control": "private, no-cache"}
        if host == PLATFORM:
            headers["RateLimit-Remaining"] = str(self.remaining())
        if reply.status in (200, 206) and request.method == "GET":
            headers["ETag"] = f'"{hashlib.md5(reply.bytes()).hexdigest()}"'
            if request.headers.get("if-none-match") == headers["ETag"]:
                reply = Reply(304)
        return Reply(reply.status, reply.body, headers | reply.headers)

    def remaining(self) -> int:
        asked = [r for r in self.requests if not r.path.startswith(("/client", "/data", "/account/rate-limits"))]
        return max(0, 4500 - len(asked))

    def refused(self, request: Request) -> Reply | None:
        if not re.match(r"application/vnd\.heroku\+json; ?version=3(\.sdk)?$", request.headers.get("accept", "")):
            return error(406, "not_acceptable", "Accept header must be application/vnd.heroku+json; version=3.")
        if request.headers.get("authorization") != f"Bearer {self.data['token']}":
            return error(401, "unauthorized", "Invalid credentials provided.")
        return None

    def route(self, request: Request, host: str) -> Reply:
        if request.method == "GET":
            found = self.platform(request) if host == PLATFORM else self.database_host(request)
        elif request.method == "POST":
            found = self.post(request)
        else:
            found = None
        return found or NOT_FOUND

    # The platform.

    def app(self, key: str) -> dict | None:
        return next((a for a in self.data["apps"] if key in (a["id"], a["name"])), None)

    def addon(self, key: str) -> dict | None:
        return next((a for a in self.data["addons"] if key in (a["id"], a["name"])), None)

    def platform(self, request: Request) -> Reply | None:
        apps, attachments = self.data["apps"], self.data["attachments"]
        match request.parts:
            case ["account"]:
                return Reply(200, self.data["account"])
            case ["account", "rate-limits"]:
                return Reply(200, {"remaining": self.remaining()})
            case ["apps"]:
                return self.page(request, apps)
            case ["teams"]:
                teams = {a["team"]["id"]: a["team"] for a in apps if a["team"]}
                return self.page(request, [t | {"role": "member", "type": "team"} for t in teams.values()])
            case ["teams", team, "apps"]:
                own = [a for a in apps if a["team"] and team in a["team"].values()]
                return self.page(request, own) if own else NOT_FOUND
            case ["addons"]:
                return self.page(request, [self.expanded(request, a) for a in self.data["addons"]])
            case ["addons", key] if addon := self.addon(key):
                return Reply(200, self.expanded(request, addon))
            case ["addons", key, "addon-attachments"] if addon := self.addon(key):
                return self.attached(request, [t for t in attachments if t["addon"]["id"] == addon["id"]])
            case ["addon-attachments"]:
                return self.attached(request, attachments)
            case ["addon-services", service, "plans", plan]:
                found = [a["plan"] for a in self.data["addons"] if plan in a["plan"].values() or a["plan"]["name"] == f"{service}:{plan}"]
                return Reply(200, self.plan(found[0])) if found else None
            case ["apps", key, *rest] if app := self.app(key):
                return self.of_app(request, app, rest)
        return None

    def of_app(self, request: Request, app: dict, rest: list[str]) -> Reply | None:
        attached = [t for t in self.data["attachments"] if t["app"]["id"] == app["id"]]
        match rest:
            case []:
                return Reply(200, app)
            case ["addons"]:
                # Those of other apps that are attached here are listed as well.
                ids = {t["addon"]["id"] for t in attached}
                own = [a for a in self.data["addons"] if a["app"]["id"] == app["id"] or a["id"] in ids]
                return self.page(request, [self.expanded(request, a) for a in own])
            case ["addon-attachments"]:
                return self.attached(request, attached)
            case ["config-vars"]:
                return Reply(200, self.data["config_vars"].get(app["name"], {}))
        return None

    def plan(self, plan: dict) -> dict:
        return plan | {"human_name": plan["name"].split(":")[1].replace("-", " ").title(), "state": "ga", "visible": True}

    def expanded(self, request: Request, addon: dict) -> dict:
        wanted = request.headers.get("accept-expansion", "").split(",")
        return addon | ({"plan": self.plan(addon["plan"])} if "plan" in wanted else {})

    def attached(self, request: Request, attachments: list[dict]) -> Reply:
        wanted = request.headers.get("accept-inclusion", "").split(",")
        return self.page(request, [self.included(wanted, t) for t in attachments])

    def included(self, wanted: list[str], attachment: dict) -> dict:
        """Plan and config vars are told only to who asks for them."""
        out = dict(attachment)
        if "config_vars" not in wanted:
            del out["config_vars"]
        if "addon:plan" in wanted:
            out["addon"] = out["addon"] | {"plan": self.addon(out["addon"]["id"])["plan"]}
        return out

    def page(self, request: Request, items: list[dict]) -> Reply:
        """The part of a list that `Range: id ]last..; max=200; order=asc` asks for."""
        fields = ("id", "name", "updated_at")
        text = request.headers.get("range", "id ..; max=200")
        asked = re.fullmatch(r"(\w+) (\]?)([^.;]*)\.\.([^;]*)((?:; *(?:max=\d+|order=(?:asc|desc)))*);? *", text)
        if not asked or asked[1] not in fields:
            return error(416, "requested_range_not_satisfiable", f"Ranges are {', '.join(fields)}.")
        field, after, first, last, options = asked.groups()
        descending = "order=desc" in options
        most = re.search(r"max=(\d+)", options)
        most = min(int(most[1]) if most else 200, self.most)
        items = sorted(items, key=lambda i: i[field], reverse=descending)
        if first:
            def beyond(value: str) -> bool:
                return value < first if descending else value > first
            items = [i for i in items if beyond(i[field]) or (not after and i[field] == first)]
        if last:
            items = [i for i in items if (i[field] >= last if descending else i[field] <= last)]
        headers = {"Accept-Ranges": ", ".join(fields)}
        shown = items[:most]
        if shown:
            headers["Content-Range"] = f"{field} {shown[0][field]}..{shown[-1][field]}"
        if len(items) <= most:
            return Reply(200, shown, headers)
        headers["Next-Range"] = f"{field} ]{shown[-1][field]}..; max={most}" + ("; order=desc" if descending else "")
        return Reply(206, shown, headers)

    # The data host.

    def database_host(self, request: Request) -> Reply | None:
        match request.parts:
            case ["client", "v11", "apps", key, "transfers", *rest] if app := self.app(key):
                return self.transfers(request, app["name"], rest)
            case ["client", "v11", "databases", key, *rest] if addon := self.addon(key):
                return self.database(addon, rest)
            case ["data", "postgres", "v1", key, "info"] if addon := self.addon(key):
                return Reply(200, self.data["advanced"][addon["id"]]) if addon["id"] in self.data["advanced"] else None
        return None

    def transfers(self, request: Request, app: str, rest: list[str]) -> Reply | None:
        all = self.data["transfers"].get(app, [])
        if not rest:
            return Reply(200, all)
        if rest[0] in map(str, self.data["gone"].get(app, [])):
            return error(410, "gone", "Transfer was deleted.")
        found = next((t for t in all if rest[0] in (t["uuid"], str(t["num"]))), None)
        if found is None or len(rest) > 1:
            return None
        logs = {"logs": self.data["logs"].get(found["uuid"], [])} if request.one("verbose") == "true" else {}
        return Reply(200, found | logs)

    def database(self, addon: dict, rest: list[str]) -> Reply | None:
        if is_advanced(addon) or addon["addon_service"]["name"] != SERVICE:
            return None
        match rest:
            case []:
                known = self.data["databases"].get(addon["id"])
                return Reply(200, known) if known else None
            case ["wait_status"]:
                waiting = addon["id"] not in self.data["databases"]
                return Reply(200, {"message": "preparing" if waiting else "available", "waiting?": waiting})
            case ["transfer-schedules"]:
                schedules = self.data["schedules"].get(addon["id"])
                return Reply(200, schedules) if schedules is not None else None
        return None

    # Questions that are asked by POST, and what a reader must never do.

    def post(self, request: Request) -> Reply | None:
        asked = json.loads(request.body or b"{}")
        app = self.app(asked.get("app") or "")
        match request.parts:
            case ["actions", "addons", "resolve"]:
                names = {t["addon"]["id"] for t in self.data["attachments"]
                         if app and t["app"]["id"] == app["id"] and asked["addon"] in (t["name"], *t["config_vars"])}
                found = [a for a in self.data["addons"] if asked["addon"] in (a["id"], a["name"]) or a["id"] in names]
                return Reply(200, [self.expanded(request, a) for a in found]) if found else None
            case ["actions", "addon-attachments", "resolve"]:
                key, wanted = asked["addon_attachment"], request.headers.get("accept-inclusion", "").split(",")
                found = [t for t in self.data["attachments"] if key in (t["id"], t["name"], *t["config_vars"])
                         and (app is None or t["app"]["id"] == app["id"])]
                return Reply(200, [self.included(wanted, t) for t in found]) if found else None
            case ["client", "v11", "apps", _, "transfers", num, "actions", "public-url"]:
                return Reply(201, {"url": f"https://dumps.example.com/{num}?X-Amz-Signature={CANARY}", "expires_at": "2024-05-29T00:00:00Z"})
        return None


if __name__ == "__main__":
    with FakeHeroku(port=int(sys.argv[1])) as fake:
        print(f"HEROKU_HOST={fake.url} HEROKU_DATA_HOST=127.0.0.1 HEROKU_API_KEY={fake.data['token']}", flush=True)
        while True:
            time.sleep(60)
