"""What the fake Heroku holds: one company with every kind and state of transfer, schedule, plan and name.

Every secret that Heroku's answers carry contains `CANARY`: it must never reach a store. Times are Heroku's own
(`2024-05-28 02:01:07 +0000`), all of 2024, so that nothing depends on the day of the test.
"""

import copy
import hashlib
import json
import uuid
from datetime import datetime, timedelta, timezone

CANARY = "wobbegong-7f3a91"
TOKEN = f"HRKU-{CANARY}-token"
DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]


def stable(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"heroku:{name}"))


def when(text: str | datetime | None) -> str | None:
    """Heroku's way to write times in the data API."""
    if isinstance(text, datetime):
        text = text.strftime("%Y-%m-%d %H:%M:%S")
    return f"{text} +0000" if text else None


def address(name: str) -> str:
    return f"postgres://u{name}:p{CANARY}@ec2-203-0-113-7.compute-1.amazonaws.com:5432/d{name}"


def app(name: str, team: str | None = None) -> dict:
    owner = f"{team}@herokumanager.com" if team else "erika@example.com"
    return {"id": stable(name), "name": name, "region": {"id": stable("us"), "name": "us"}, "stack": {"name": "heroku-24"},
            "owner": {"id": stable(owner), "email": owner}, "team": {"id": stable(team), "name": team} if team else None,
            "space": None, "maintenance": False, "archived_at": None, "git_url": f"https://git.heroku.com/{name}.git",
            "web_url": f"https://{name}.herokuapp.com/", "created_at": "2023-01-01T12:00:00Z",
            "updated_at": "2024-05-01T12:00:00Z", "released_at": "2024-05-01T12:00:00Z"}


def addon(name: str, owner: str, plan: str, config_vars: list[str], state: str = "provisioned") -> dict:
    service = plan.split(":")[0]
    return {"id": stable(name), "name": name, "addon_service": {"id": stable(service), "name": service},
            "plan": {"id": stable(plan), "name": plan}, "app": {"id": stable(owner), "name": owner}, "state": state,
            "billing_entity": {"id": stable(owner), "name": owner, "type": "app"}, "config_vars": config_vars,
            "billed_price": {"cents": 5000, "contract": False, "unit": "month"}, "provider_id": stable("p" + name),
            "actions": [], "web_url": f"https://addons-sso.heroku.com/apps/{owner}/addons/{stable(name)}",
            "created_at": "2024-01-01T12:00:00Z", "updated_at": "2024-01-01T12:00:00Z"}


def attachment(name: str, of: dict, to: str) -> dict:
    return {"id": stable(f"{to}/{name}"), "name": name, "namespace": None, "app": {"id": stable(to), "name": to},
            "addon": {"id": of["id"], "name": of["name"], "app": of["app"]}, "config_vars": [f"{name}_URL"],
            "web_url": of["web_url"], "log_input_url": None, "created_at": "2024-01-01T12:00:00Z",
            "updated_at": "2024-01-01T12:00:00Z"}


def transfer(owner: str, num: int, kind: str, begin: str, seconds: int | None, size: int | None, stored: int | None,
             **more) -> dict:
    """One transfer that went well; `more` overrides fields. `seconds` None: it has not ended."""
    id = stable(f"{owner}/{num}")
    start = datetime.strptime(begin, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    end = when(start + timedelta(seconds=seconds)) if seconds is not None else None
    dump = f"https://dumps.example.com/{id}/2024?X-Amz-Signature={CANARY}"
    types = {"backup": ("pg_dump", "gof3r"), "copy": ("pg_dump", "pg_restore"), "restore": ("gof3r", "pg_restore"),
             "outside": ("htcat", "pg_restore")}[kind]
    base = {"uuid": id, "num": num, "from_name": "DATABASE", "from_type": types[0], "from_url": address("db"),
            "to_name": "BACKUP", "to_type": types[1], "to_url": dump, "options": {}, "source_bytes": size,
            "processed_bytes": stored, "succeeded": None if end is None else True, "warnings": 0, "created_at": when(start),
            "started_at": when(start + timedelta(seconds=2)), "canceled_at": None, "finished_at": end,
            "updated_at": end or when(start), "deleted_at": None, "purged_at": None, "num_keep": 5, "schedule": None}
    if kind in ("restore", "outside"):
        base |= {"from_name": "BACKUP", "from_url": dump, "to_name": "STAGING", "to_url": address("staging")}
    if kind == "copy":
        base |= {"to_name": "STAGING", "to_url": address("staging")}
    return base | more


def transfers(owner: str, schedule: str) -> list[dict]:
    """More than thirty, in every state; numbers and times as one app would have them."""
    out = []
    auto = {"schedule": {"uuid": schedule}, "to_name": "SCHEDULED BACKUP"}
    day = datetime(2024, 5, 1, 2, 1, 7)
    for num in range(1, 25):  # a backup each night, growing
        begin = (day + timedelta(days=num)).strftime("%Y-%m-%d %H:%M:%S")
        out.append(transfer(owner, num, "backup", begin, 200 + num, (2 << 30) + num * 4096, (512 << 20) + num * 1_234_567, **auto))
    failed = {"succeeded": False}
    out[3] |= failed | {"processed_bytes": 1 << 20}
    out[7] |= {"warnings": 3}
    # A cancelled one has ended and did not succeed.
    out[11] |= failed | {"canceled_at": out[11]["finished_at"], "processed_bytes": 0}
    out[5] |= {"from_name": "HEROKU_POSTGRESQL_IVORY", "source_bytes": 9_000_000, "processed_bytes": 1536}
    manual = [
        transfer(owner, 25, "backup", "2024-05-26 08:00:00", 60, 5 << 40, 3 << 40, from_name="IVORY"),
        transfer(owner, 26, "backup", "2024-05-26 09:00:00", 30, None, 999, options={"pgbackups_name": "b001"}),
        transfer(owner, 27, "backup", "2024-05-26 10:00:00", None, 7 << 30, 123_456),
        transfer(owner, 28, "backup", "2024-05-26 11:00:00", None, None, 0, started_at=None),
        transfer(owner, 1004, "backup", "2024-05-27 03:00:00", 3601, 1 << 30, 1 << 30),
    ]
    source = out[22]["to_url"]
    other = []
    for n in range(12):
        at = f"2024-05-28 {n:02d}:10:00"
        other.append(transfer(owner, 1100 + n, "restore", at, 300 + n, None, 400_000_000 + n, from_url=source))
        other.append(transfer(owner, 1200 + n, "copy", f"2024-05-28 {n:02d}:40:00", 100, 3 << 30, 2 << 30))
    other[0] |= failed
    other[2] |= {"warnings": 1}
    other[4] |= failed | {"canceled_at": other[4]["finished_at"]}
    other[6] |= {"succeeded": None, "finished_at": None}
    other[8] |= {"succeeded": None, "finished_at": None, "started_at": None, "processed_bytes": 0}
    outside = transfer(owner, 1300, "outside", "2024-05-29 06:00:00", 77, None, 5_555, from_name="EXTERNAL",
                       from_url=f"https://files.example.net/x.dump?token={CANARY}")
    # The API does not sort.
    return sorted(out + manual + other + [outside], key=lambda t: hashlib.sha256(t["uuid"].encode()).hexdigest())


def schedule(id: str, name: str, hour: int, zone: str, **more) -> dict:
    return {"uuid": id, "name": name, "callback_url": f"https://hooks.example.com/?token={CANARY}", "days": DAYS, "hour": hour,
            "timezone": zone, "retain_weeks": 4, "retain_months": 0, "created_at": when("2023-11-02 10:00:00"),
            "updated_at": when("2023-11-02 10:00:00"), "deleted_at": None} | more


def info(of: dict, plan: str, **rows) -> dict:
    """The shape of all plans but Advanced; `rows` are lines of `info[]`, with _ for a space."""
    lines = [{"name": name.replace("_", " "), "values": values} for name, values in rows.items()]
    lines.append({"name": "Followers", "resolve_db_name": True, "values": [address("follower")]})
    lines.append({"name": "Maintenance", "values": []})
    return {"addon_id": of["id"], "name": of["name"], "heroku_resource_id": of["name"], "plan": plan, "port": 5432,
            "formation": {"id": stable("f" + of["name"]), "primary": None}, "database_name": "d" + of["name"],
            "database_user": "u" + of["name"], "database_password": f"p{CANARY}", "resource_url": address(of["name"]),
            "created_at": when("2024-01-01 12:00:00"), "num_bytes": 612_990_000, "num_tables": 29, "num_connections": 7,
            "postgres_version": "16.4", "following": None, "forked_from": None, "leader": None, "is_in_recovery": False,
            "waiting?": False, "hot_standby?": False, "standalone?": True, "available_for_ingress": True,
            "credentials": 1, "metaas_source": "aws", "target_transaction": None,
            "status_updated_at": when("2024-05-28 12:00:00"), "info": lines}


def advanced(of: dict, owner: str) -> dict:
    return {"addon": {"id": of["id"], "name": of["name"]}, "app": {"id": stable(owner), "name": owner},
            "created_at": "2024-02-02T02:02:02Z", "version": "17.2", "region": "us", "tier": "advanced", "status": "available",
            "forked_from": None, "quotas": [], "plan_limits": [{"name": "table-limit", "current": 12, "limit": 4000}],
            "features": {"continuous_protection": {"enabled": True}, "data_encryption": {"enabled": True},
                         "fork": {"enabled": True}, "highly_available": {"enabled": False},
                         "credentials": {"enabled": True, "current_count": 1},
                         "rollback": {"enabled": True, "earliest_time": "2024-05-22T13:14:00Z",
                                      "latest_time": "2024-05-29T13:10:00Z"}},
            "pools": [{"name": "leader", "expected_count": 1, "expected_level": "4G-Performance", "status": "available",
                       "connections_used": 3, "expected_connection_limit": 400, "endpoints": [],
                       "compute_instances": [{"id": "1", "role": "leader", "status": "up", "name": "leader.1"}]}],
            "wait_status": {"waiting": False, "message": "available"}}


def company() -> dict:
    """A fresh copy, to be varied by a test."""
    main = addon("postgresql-round-00001", "acme-prod", "heroku-postgresql:standard-0", ["DATABASE_URL"])
    small = addon("postgresql-flat-00002", "acme-prod", "heroku-postgresql:essential-0", ["HEROKU_POSTGRESQL_IVORY_URL"])
    cache = addon("redis-tall-00003", "acme-prod", "heroku-redis:premium-0", ["REDIS_URL"])
    ledger = addon("postgresql-deep-00004", "acme-db", "heroku-postgresql:premium-2", ["DATABASE_URL"])
    wide = addon("postgresql-wide-00005", "acme-lake", "heroku-postgresql:advanced", ["DATABASE_URL"])
    fresh = addon("postgresql-young-00006", "acme-new", "heroku-postgresql:standard-0", ["DATABASE_URL"], "provisioning")
    attached = [attachment("DATABASE", main, "acme-prod"), attachment("HEROKU_POSTGRESQL_IVORY", small, "acme-prod"),
                attachment("REDIS", cache, "acme-prod"), attachment("DATABASE", ledger, "acme-db"),
                attachment("LEDGER", ledger, "acme-prod"), attachment("DATABASE", wide, "acme-lake"),
                attachment("DATABASE", fresh, "acme-new")]
    night = stable("schedule night")
    made = transfers("acme-prod", night)
    data = {
        "token": TOKEN,
        "account": {"id": stable("erika@example.com"), "email": "erika@example.com", "name": "Erika", "federated": False,
                    "two_factor_authentication": True, "last_login": "2024-05-28T08:00:00Z", "verified": True,
                    "delinquent_at": None, "suspended_at": None, "created_at": "2020-01-01T00:00:00Z"},
        "apps": [app("acme-prod", "acme"), app("acme-db", "acme"), app("acme-lake", "acme"), app("acme-new", "acme"),
                 app("acme-web", "acme"), app("erika-hobby")],
        "addons": [main, small, cache, ledger, wide, fresh],
        "attachments": attached,
        "config_vars": {"acme-prod": {"DATABASE_URL": address(main["name"]), "HEROKU_POSTGRESQL_IVORY_URL": address(small["name"]),
                                      "LEDGER_URL": address(ledger["name"]), "FOLLOWER_URL": address("follower"),
                                      "API_SECRET": CANARY}},
        "transfers": {"acme-prod": made, "acme-db": [
            transfer("acme-db", 7, "backup", "2024-05-20 23:30:00", 90, 40_000, 4_000, schedule={"uuid": stable("schedule ledger")})]},
        "schedules": {main["id"]: [schedule(night, "DATABASE_URL", 2, "America/Los_Angeles")],
                      small["id"]: [],
                      ledger["id"]: [schedule(stable("schedule ledger"), "DATABASE_URL", 23, "Europe/Berlin", retain_months=12)]},
        "databases": {
            main["id"]: info(main, "standard-0", Plan=["Standard 0"], Status=["Available"], Data_Size=["584.6 MB / 64.00 GB"],
                             Tables=[29], PG_Version=["16.4"], Connections=["7/120"], Connection_Pooling=["Available"],
                             **{"Fork/Follow": ["Available"]}, Rollback=["earliest from 2024-05-24 20:00 UTC"],
                             Continuous_Protection=["On"], Data_Encryption=["In Use"], Created=["2024-01-01 12:00"]),
            # Protection is on, and yet the customer can't roll back.
            small["id"]: info(small, "essential-0", Plan=["essential-0"], Status=["Available"],
                              Data_Size=["8.6 MB / 1 GB (In compliance)"], Tables=["3/4000 (In compliance)"],
                              PG_Version=["16.4"], **{"Fork/Follow": ["Unsupported"]}, Rollback=["Unsupported"],
                              Continuous_Protection=["On"], Data_Encryption=["In Use"]),
            ledger["id"]: info(ledger, "premium-2", Plan=["Premium 2"], Status=["Available"], HA_Status=["Available"],
                               Tables=[4], PG_Version=["15.8"], Rollback=["earliest from 2024-05-21 07:31 UTC"],
                               Continuous_Protection=["On"], Data_Encryption=["In Use"])},
        "advanced": {wide["id"]: advanced(wide, "acme-lake")},
        # Transfers that Heroku has thinned out: asked for by number they are gone.
        "gone": {"acme-prod": [500]},
        "logs": {t["uuid"]: logs(t) for t in made},
    }
    return copy.deepcopy(data)


def logs(of: dict) -> list[dict]:
    said = [("info", f"Starting {of['to_type']}, connecting with {address('db')}")]
    if of["warnings"]:
        said.append(("warning", "pg_restore: warning: errors ignored on restore: 1"))
    if of["succeeded"] is False:
        said.append(("error", f"pg_dump: error: connection to {address('db')} was lost"))
    return [{"created_at": of["created_at"], "level": level, "message": message} for level, message in said]


if __name__ == "__main__":
    print(json.dumps(company(), indent=1))
