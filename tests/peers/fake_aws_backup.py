"""A fake of AWS Backup (reads only) and of two calls of STS, led by AWS's own service model.

Paths, query names and types come from the model that botocore ships, and every answer is held against it: a field that
the model does not have, a wrong type or a word outside an enum is kept in `wrong`. Both `/backup-jobs/`, which AWS's
Python clients send, and `/backup-jobs`, which its Rust SDK sends, are answered. Which region is asked for stands in the
signature, whose key must be known; the signature itself is not computed (SeaweedFS does that, peer_aws.py).
"""

import base64
import functools
import re
import time
from datetime import datetime, timezone
from urllib.parse import parse_qs, unquote

from aws_backup_data import ACCOUNT, DAY, EMPTY, region
from live import Loopback, Reply, Request

KEY, SECRET = "AKIAECHIDNA000000001", "echidna-3b9e1f-secret"
ROLE_KEY, ROLE_SECRET, ROLE_TOKEN = "ASIAECHIDNA000000002", "echidna-3b9e1f-role-secret", "echidna-3b9e1f-session"


@functools.cache
def model():
    import botocore.session
    return botocore.session.get_session().get_service_model("backup")


@functools.cache
def routes() -> list[tuple[str, re.Pattern, object]]:
    out = []
    for name in model().operation_names:
        operation = model().operation_model(name)
        path = operation.http["requestUri"].split("?")[0].rstrip("/")
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
        out.append((operation.http["method"], re.compile(pattern), operation))
    return out


def error(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"message": message, "Code": code}, {"x-amzn-ErrorType": f"{code}:"})


class Refusal(Exception):
    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.reply = error(status, code, message)


def not_found(what: str) -> Refusal:
    return Refusal(400, "ResourceNotFoundException", f"{what} cannot be found.")


def offences(value, shape, at: str = "") -> list[str]:
    """Where a JSON value is not what the model says."""
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{at}: not an object"]
        names = {m.serialization.get("name", n): m for n, m in shape.members.items() if m.serialization.get("location") is None}
        out = [f"{at}.{key}: unknown to {shape.name}" for key in value if key not in names]
        return out + [o for key, v in value.items() if key in names for o in offences(v, names[key], f"{at}.{key}")]
    if kind == "list":
        return [o for n, v in enumerate(value) for o in offences(v, shape.member, f"{at}[{n}]")]
    if kind == "map":
        return [o for k, v in value.items() for o in offences(v, shape.value, f"{at}.{k}")]
    types = {"string": str, "boolean": bool, "integer": int, "long": int, "timestamp": (int, float), "double": (int, float)}
    if not isinstance(value, types[kind]) or (kind != "boolean" and isinstance(value, bool)):
        return [f"{at}: {value!r} is no {kind}"]
    if kind == "string" and shape.enum and value not in shape.enum:
        return [f"{at}: {value!r} is none of {shape.enum}"]
    return []


# Member of a request -> field of an item, and how they compare.
EQUAL = {"ByState": "State", "ByStatus": "Status", "ByResourceArn": "ResourceArn", "ByResourceType": "ResourceType", "ByBackupVaultName": "BackupVaultName",
         "ByAccountId": "AccountId", "ByParentJobId": "ParentJobId", "ByMessageCategory": "MessageCategory", "ByVaultType": "VaultType",
         "ByDestinationVaultArn": "DestinationBackupVaultArn", "BySourceRecoveryPointArn": "SourceRecoveryPointArn"}
TIMES = {"ByCreatedBefore": ("CreationDate", -1), "ByCreatedAfter": ("CreationDate", 1), "ByCompleteBefore": ("CompletionDate", -1),
         "ByCompleteAfter": ("CompletionDate", 1)}
CREATORS = {"ByBackupPlanId": "BackupPlanId", "ByRestoreTestingPlanArn": "RestoreTestingPlanArn"}
# Operation -> list in the answer, list in the data.
LISTS = {"ListBackupVaults": ("BackupVaultList", "vaults"), "ListBackupJobs": ("BackupJobs", "jobs"), "ListCopyJobs": ("CopyJobs", "copies"),
         "ListRestoreJobs": ("RestoreJobs", "restores"), "ListProtectedResources": ("Results", "resources"), "ListRestoreTestingPlans": ("RestoreTestingPlans", "tests"),
         "ListRecoveryPointsByBackupVault": ("RecoveryPoints", "points"), "ListFrameworks": ("Frameworks", None), "ListReportPlans": ("ReportPlans", None),
         "ListReportJobs": ("ReportJobs", None), "ListLegalHolds": ("LegalHolds", None), "ListRestoreTestingSelections": ("RestoreTestingSelections", None)}


class FakeBackup(Loopback):
    content_type = "application/json"

    def __init__(self, now: float | None = None, most: int = 1000, port: int = 0):
        """`most` is the longest page."""
        self.now = now or round(time.time(), 3)
        self.regions = {"us-east-1": region(self.now)}
        self.most, self.wrong = most, []
        super().__init__(port)

    def answer(self, request: Request) -> Reply:
        headers = {"x-amzn-RequestId": f"{len(self.requests):08x}-0000-4000-8000-000000000000"}
        try:
            reply = self.route(request)
        except Refusal as refusal:
            reply = refusal.reply
        return Reply(reply.status, reply.body, headers | reply.headers)

    def route(self, request: Request) -> Reply:
        signed = re.match(r"AWS4-HMAC-SHA256 Credential=(\w+)/\d{8}/([\w-]+)/(\w+)/aws4_request", request.headers.get("authorization", ""))
        if not signed:
            raise Refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        key, where, service = signed.groups()
        known = key == KEY or (key == ROLE_KEY and request.headers.get("x-amz-security-token") == ROLE_TOKEN)
        if not known:
            raise Refusal(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
        if service == "sts":
            return self.sts(request, key)
        path = request.path.rstrip("/") or "/"
        for method, pattern, operation in routes():
            match = pattern.fullmatch(path)
            if match and method == request.method:
                asked = self.parameters(operation, match.groupdict(), request)
                body = self.perform(operation.name, asked, self.regions.get(where, EMPTY))
                self.wrong += [f"{operation.name}{o}" for o in offences(body, operation.output_shape)]
                return Reply(200, body)
        raise Refusal(404, "UnknownOperationException", f"{request.method} {request.path}")

    def parameters(self, operation, path: dict[str, str], request: Request) -> dict:
        """What the request asks for, by the members of its shape."""
        out = {}
        members = operation.input_shape.members if operation.input_shape else {}
        for name, shape in members.items():
            wire = shape.serialization.get("name", name)
            text = unquote(path[wire]) if wire in path else request.one(wire, "")
            if text:
                out[name] = self.parsed(text, shape.type_name)
        unknown = set(request.query) - {s.serialization.get("name", n) for n, s in members.items()}
        if unknown:
            self.wrong.append(f"{operation.name}: asked with unknown {sorted(unknown)}")
        return out

    def parsed(self, text: str, kind: str):
        if kind == "timestamp":
            return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp()
        return int(text) if kind in ("integer", "long") else text == "true" if kind == "boolean" else text

    def perform(self, name: str, asked: dict, data: dict) -> dict:
        if name in LISTS:
            key, kind = LISTS[name]
            items = self.counted(data) if kind == "vaults" else data[kind] if kind else []
            if name == "ListBackupJobs":
                items = [i for i in items if i["CreationDate"] > self.now - 30 * DAY]
            if name == "ListRecoveryPointsByBackupVault":
                vault = self.vault(asked.pop("BackupVaultName"), data)
                items = [i for i in items if i["BackupVaultName"] == vault["BackupVaultName"]]
            return self.page(key, items, asked)
        match name:
            case "DescribeBackupVault":
                return self.vault(asked["BackupVaultName"], data)
            case "GetBackupVaultAccessPolicy":
                vault = self.vault(asked["BackupVaultName"], data)
                policy = data["policies"].get(vault["BackupVaultName"])
                if policy is None:
                    raise not_found("Backup vault policy")
                return {"BackupVaultName": vault["BackupVaultName"], "BackupVaultArn": vault["BackupVaultArn"], "Policy": policy}
            case "ListBackupPlans":
                keys = ("BackupPlanId", "BackupPlanArn", "VersionId", "CreationDate", "LastExecutionDate")
                short = [{k: p[k] for k in keys} | {"BackupPlanName": p["BackupPlan"]["BackupPlanName"]} for p in data["plans"]]
                return self.page("BackupPlansList", short, asked)
            case "GetBackupPlan":
                return {k: v for k, v in self.plan(asked, data).items() if k != "selections"}
            case "ListBackupSelections":
                plan = self.plan(asked, data)
                del asked["BackupPlanId"]
                short = [{"SelectionId": id, "SelectionName": s["SelectionName"], "BackupPlanId": plan["BackupPlanId"], "CreationDate": plan["CreationDate"],
                          "IamRoleArn": s["IamRoleArn"]} for id, s in plan["selections"].items()]
                return self.page("BackupSelectionsList", short, asked)
            case "GetBackupSelection":
                plan = self.plan(asked, data)
                if asked["SelectionId"] not in plan["selections"]:
                    raise not_found("Backup selection")
                return {"BackupSelection": plan["selections"][asked["SelectionId"]], "SelectionId": asked["SelectionId"], "BackupPlanId": plan["BackupPlanId"],
                        "CreationDate": plan["CreationDate"]}
            case "GetRestoreTestingPlan":
                plan = next((p for p in data["tests"] if p["RestoreTestingPlanName"] == asked["RestoreTestingPlanName"]), None)
                if plan is None:
                    raise not_found("Restore testing plan")
                chosen = {"Algorithm": "LATEST_WITHIN_WINDOW", "IncludeVaults": ["*"], "RecoveryPointTypes": ["SNAPSHOT"], "SelectionWindowDays": 7}
                return {"RestoreTestingPlan": plan | {"RecoveryPointSelection": chosen}}
            case "ListRecoveryPointsByResource":
                found = [p for p in data["points"] if p["ResourceArn"] == asked["ResourceArn"]]
                names = {"BackupSizeInBytes": "BackupSizeBytes"}
                kept = ("RecoveryPointArn", "CreationDate", "Status", "EncryptionKeyArn", "BackupSizeInBytes", "BackupVaultName", "ResourceName", "VaultType")
                del asked["ResourceArn"]
                return self.page("RecoveryPoints", [{names.get(k, k): p[k] for k in kept if k in p} for p in found], asked)
            case "DescribeRestoreJob":
                return self.one(data["restores"], "RestoreJobId", asked, "Restore job")
            case "DescribeBackupJob":
                return self.one(data["jobs"], "BackupJobId", asked, "Backup job")
            case "DescribeRegionSettings":
                return {"ResourceTypeOptInPreference": {"RDS": True, "EBS": True, "S3": False}, "ResourceTypeManagementPreference": {"DynamoDB": True}}
            case "ListTags":
                return {"Tags": {}}
        raise Refusal(404, "UnknownOperationException", f"the fake does not know {name}")

    def one(self, items: list[dict], key: str, asked: dict, what: str) -> dict:
        found = next((i for i in items if i[key] == asked[key]), None)
        if found is None:
            raise not_found(what)
        return found

    def counted(self, data: dict) -> list[dict]:
        """Vaults with the number of their recovery points, unless a test says otherwise."""
        def count(vault: dict) -> int:
            return sum(p["BackupVaultName"] == vault["BackupVaultName"] for p in data["points"])
        return [{"NumberOfRecoveryPoints": count(v)} | v for v in data["vaults"]]

    def vault(self, name: str, data: dict) -> dict:
        found = next((v for v in self.counted(data) if v["BackupVaultName"] == name), None)
        if found is None:
            # AWS does not tell a vault that is not there from one that one may not see.
            raise Refusal(403, "AccessDeniedException", f"Insufficient privileges to perform this action on {name}.")
        return found

    def plan(self, asked: dict, data: dict) -> dict:
        return self.one(data["plans"], "BackupPlanId", asked, "Backup plan")

    def page(self, key: str, items: list[dict], asked: dict) -> dict:
        size = asked.pop("MaxResults", 1000)
        if not 1 <= size <= 1000:
            raise Refusal(400, "InvalidParameterValueException", "MaxResults is from 1 to 1000.")
        token = asked.pop("NextToken", "")
        try:
            start = int(base64.b64decode(token).decode().removeprefix("at:")) if token else 0
        except ValueError:
            raise Refusal(400, "InvalidParameterValueException", "Invalid token.") from None
        for name, wanted in asked.items():
            if name in EQUAL:
                items = [i for i in items if wanted in ("*", i.get(EQUAL[name]))]
            elif name in TIMES:
                field, sign = TIMES[name]
                items = [i for i in items if field in i and (i[field] - wanted) * sign > 0]
            elif name in CREATORS:
                items = [i for i in items if i.get("CreatedBy", {}).get(CREATORS[name]) == wanted]
            elif name not in ("IncludeDeleted", "ByShared"):
                raise Refusal(400, "InvalidParameterValueException", f"the fake does not know {name}")
        size = min(size, self.most)
        out = {key: items[start:start + size]}
        if start + size < len(items):
            out["NextToken"] = base64.b64encode(f"at:{start + size}".encode()).decode()
        return out

    def sts(self, request: Request, key: str) -> Reply:
        action = parse_qs(request.body.decode()).get("Action", [""])[0]
        who = f"arn:aws:sts::{ACCOUNT}:assumed-role/audit/backproof" if key == ROLE_KEY else f"arn:aws:iam::{ACCOUNT}:user/auditor"
        if action == "GetCallerIdentity":
            inner = f"<Arn>{who}</Arn><UserId>AIDAECHIDNA</UserId><Account>{ACCOUNT}</Account>"
        elif action == "AssumeRole":
            inner = (f"<AssumedRoleUser><AssumedRoleId>AROA:backproof</AssumedRoleId><Arn>arn:aws:sts::{ACCOUNT}:assumed-role/audit/backproof</Arn></AssumedRoleUser>"
                     f"<Credentials><AccessKeyId>{ROLE_KEY}</AccessKeyId><SecretAccessKey>{ROLE_SECRET}</SecretAccessKey><SessionToken>{ROLE_TOKEN}</SessionToken>"
                     f"<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>")
        else:
            raise Refusal(400, "InvalidAction", action)
        body = (f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{inner}</{action}Result>'
                f"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>")
        return Reply(200, body.encode(), {"Content-Type": "text/xml"})
