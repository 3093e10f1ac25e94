"""What the fake AWS Backup holds in each region: vaults of every lock, plans, jobs in every state, restores and tests.

Times lie a known way back from `now`, because AWS lists jobs of thirty days only. They are epoch seconds with
milliseconds, as on the wire.
"""

import copy

ACCOUNT = "123456789012"
DAY = 86_400
DATABASE = f"arn:aws:rds:us-east-1:{ACCOUNT}:db:acme-pg"
VOLUME = f"arn:aws:ec2:us-east-1:{ACCOUNT}:volume/vol-0abc"
CLUSTER = f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster:acme-aurora"
BUCKET = "arn:aws:s3:::acme-documents"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-aaaa-4bbb-8ccc-222222222222"


def vault_arn(name: str, region: str = "us-east-1") -> str:
    return f"arn:aws:backup:{region}:{ACCOUNT}:backup-vault:{name}"


def uuid(group: int, n: int) -> str:
    return f"{group:08x}-0000-4000-8000-{n:012x}"


def without(item: dict) -> dict:
    """AWS leaves out what it does not know."""
    return {k: v for k, v in item.items() if v is not None}


def vaults(now: float) -> list[dict]:
    def one(name: str, **more) -> dict:
        return without({"BackupVaultName": name, "BackupVaultArn": vault_arn(name), "VaultType": "BACKUP_VAULT", "VaultState": "AVAILABLE",
                        "CreationDate": now - 400 * DAY, "EncryptionKeyArn": KEY, "Locked": False} | more)
    return [one("plain"), one("governance", Locked=True, MinRetentionDays=7, MaxRetentionDays=365),
            one("compliance", Locked=True, MinRetentionDays=35, LockDate=now - 100 * DAY),
            one("not-yet", Locked=True, MinRetentionDays=35, LockDate=now + 3 * DAY),
            one("airgap", VaultType="LOGICALLY_AIR_GAPPED_BACKUP_VAULT", EncryptionKeyArn=None, EncryptionKeyType="AWS_OWNED_KMS_KEY",
                Locked=True, MinRetentionDays=30, MaxRetentionDays=60)]


def plans(now: float) -> list[dict]:
    """As GetBackupPlan tells them; `selections` are beside."""
    daily = {"BackupPlanName": "daily", "Rules": [
        {"RuleName": "night", "RuleId": uuid(0xA1, 1), "TargetBackupVaultName": "compliance", "ScheduleExpression": "cron(0 5 ? * * *)",
         "ScheduleExpressionTimezone": "Europe/Berlin", "StartWindowMinutes": 60, "CompletionWindowMinutes": 240, "EnableContinuousBackup": False,
         "Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 365},
         "CopyActions": [{"DestinationBackupVaultArn": vault_arn("far", "eu-west-1"), "Lifecycle": {"DeleteAfterDays": 90}}]},
        {"RuleName": "log", "RuleId": uuid(0xA1, 2), "TargetBackupVaultName": "plain", "ScheduleExpression": "cron(0 * ? * * *)",
         "StartWindowMinutes": 60, "CompletionWindowMinutes": 120, "EnableContinuousBackup": True, "Lifecycle": {"DeleteAfterDays": 35}}]}
    weekly = {"BackupPlanName": "weekly", "Rules": [
        {"RuleName": "sunday", "RuleId": uuid(0xA2, 1), "TargetBackupVaultName": "plain", "ScheduleExpression": "cron(0 3 ? * 1 *)",
         "StartWindowMinutes": 480, "CompletionWindowMinutes": 10080}]}
    def one(n: int, plan: dict, arns: list[str]) -> dict:
        id = uuid(0xB0, n)
        selection = {"SelectionName": "all", "IamRoleArn": f"arn:aws:iam::{ACCOUNT}:role/backup", "Resources": arns, "ListOfTags": [], "NotResources": []}
        return {"BackupPlan": plan, "BackupPlanId": id, "BackupPlanArn": f"arn:aws:backup:us-east-1:{ACCOUNT}:backup-plan:{id}",
                "VersionId": "v1", "CreationDate": now - 300 * DAY, "LastExecutionDate": now - 3600, "selections": {uuid(0xC0, n): selection}}
    return [one(1, daily, [DATABASE, VOLUME]), one(2, weekly, ["arn:aws:s3:::*"])]


def by_plan(n: int, rule: int) -> dict:
    id = uuid(0xB0, n)
    return {"BackupPlanId": id, "BackupPlanArn": f"arn:aws:backup:us-east-1:{ACCOUNT}:backup-plan:{id}", "BackupPlanName": ["daily", "weekly"][n - 1],
            "BackupPlanVersion": "v1", "BackupRuleId": uuid(0xA0 + n, rule), "BackupRuleName": "night", "BackupRuleCron": "cron(0 5 ? * * *)",
            "BackupRuleTimezone": "Europe/Berlin"}


def point_arn(n: int, kind: str) -> str:
    return f"arn:aws:rds:us-east-1:{ACCOUNT}:snapshot:awsbackup:job-{n:04d}" if kind == "RDS" else f"arn:aws:ec2:us-east-1::snapshot/snap-{n:08x}"


def jobs(now: float) -> list[dict]:
    def one(n: int, days: float, state: str = "COMPLETED", resource: str = DATABASE, kind: str = "RDS", **more) -> dict:
        begin = round(now - days * DAY, 3)
        done = state in ("COMPLETED", "PARTIAL", "FAILED", "ABORTED", "EXPIRED")
        made = state in ("COMPLETED", "PARTIAL")
        base = {"AccountId": ACCOUNT, "BackupJobId": uuid(0xD0, n), "BackupVaultName": "compliance", "BackupVaultArn": vault_arn("compliance"),
                "VaultType": "BACKUP_VAULT", "RecoveryPointArn": point_arn(n, kind) if made else None, "EncryptionKeyArn": KEY, "IsEncrypted": True,
                "ResourceArn": resource, "ResourceType": kind, "ResourceName": resource.rsplit(":", 1)[1].rsplit("/", 1)[-1], "CreationDate": begin,
                "InitiationDate": begin, "StartBy": begin + 3600, "CompletionDate": begin + 1234.5 if done else None, "State": state,
                "PercentDone": "100.0" if made else "0.0", "BackupSizeInBytes": 21_474_836_480 + n, "BytesTransferred": 4096 * n,
                "IamRoleArn": f"arn:aws:iam::{ACCOUNT}:role/backup", "CreatedBy": by_plan(1, 1), "IsParent": False,
                "MessageCategory": "SUCCESS" if state == "COMPLETED" else None,
                "RecoveryPointLifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 365}}
        return without(base | more)
    out = [one(n, n + 0.5) for n in range(1, 13)]
    out += [one(20, 0.4, "FAILED", StatusMessage="Failed because the DB instance is being modified", MessageCategory="DB_INSTANCE_STATE"),
            one(21, 0.45, "ABORTED"), one(22, 2.1, "EXPIRED", StatusMessage="Backup job expired before completion"),
            one(23, 0.02, "RUNNING", PercentDone="37.5"), one(24, 0.01, "PENDING"), one(25, 0.005, "CREATED"), one(26, 0.03, "ABORTING"),
            one(27, 3.2, "PARTIAL"),
            one(28, 4.2, StatusMessage="Windows VSS Backup Job Error encountered, trying for regular backup", MessageCategory="VSS_ERROR"),
            one(30, 1.1, resource=VOLUME, kind="EBS", BytesTransferred=0), one(31, 1.2, resource=CLUSTER, kind="Aurora", BackupSizeInBytes=0),
            one(32, 5.0, CreatedBy=None), one(40, 45.0)]
    return out


def points(now: float, jobs: list[dict]) -> list[dict]:
    out = []
    for job in jobs:
        if "RecoveryPointArn" in job:
            begin = job["CreationDate"]
            out.append(without({
                "RecoveryPointArn": job["RecoveryPointArn"], "BackupVaultName": job["BackupVaultName"], "BackupVaultArn": job["BackupVaultArn"],
                "ResourceArn": job["ResourceArn"], "ResourceType": job["ResourceType"], "ResourceName": job["ResourceName"],
                "CreatedBy": {k: v for k, v in job.get("CreatedBy", {}).items()} or None, "Status": "COMPLETED" if job["State"] == "COMPLETED" else "PARTIAL",
                "CreationDate": begin, "InitiationDate": begin, "CompletionDate": job["CompletionDate"], "BackupSizeInBytes": job["BackupSizeInBytes"],
                "IsEncrypted": True, "EncryptionKeyArn": KEY, "Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 365},
                "CalculatedLifecycle": {"MoveToColdStorageAt": begin + 30 * DAY, "DeleteAt": begin + 365 * DAY}, "VaultType": "BACKUP_VAULT"}))
    base = copy.deepcopy(out[0])
    for n, days, status, more in ((50, 60, "COMPLETED", {}), (51, 380, "EXPIRED", {}), (52, 370, "DELETING", {}), (53, 0.01, "CREATING", {"CompletionDate": None}),
                                  (54, 20, "AVAILABLE", {"RecoveryPointArn": f"arn:aws:backup:us-east-1:{ACCOUNT}:recovery-point:continuous:acme-pg",
                                                         "BackupVaultName": "plain", "BackupVaultArn": vault_arn("plain"), "CompletionDate": None}),
                                  (55, 50, "COMPLETED", {"IsEncrypted": False, "EncryptionKeyArn": None})):
        begin = round(now - days * DAY, 3)
        out.append(without(base | {"RecoveryPointArn": point_arn(n, "RDS"), "Status": status, "CreationDate": begin, "InitiationDate": begin,
                                   "CompletionDate": begin + 600, "CalculatedLifecycle": {"DeleteAt": begin + 365 * DAY}} | more))
    return out


def copies(now: float, jobs: list[dict]) -> list[dict]:
    out = []
    for n, state in enumerate(("COMPLETED", "FAILED", "RUNNING", "CREATED", "PARTIAL")):
        begin, source = round(now - (n + 1) * DAY, 3), jobs[n]
        out.append(without({
            "AccountId": ACCOUNT, "CopyJobId": uuid(0xE0, n), "SourceBackupVaultArn": vault_arn("compliance"), "SourceRecoveryPointArn": source["RecoveryPointArn"],
            "DestinationBackupVaultArn": vault_arn("far", "eu-west-1"), "ResourceArn": DATABASE, "ResourceType": "RDS", "CreationDate": begin,
            "DestinationRecoveryPointArn": f"arn:aws:rds:eu-west-1:{ACCOUNT}:snapshot:awsbackup:copyjob-{n}" if state in ("COMPLETED", "PARTIAL") else None,
            "CompletionDate": begin + 900 if state in ("COMPLETED", "FAILED", "PARTIAL") else None, "State": state, "BackupSizeInBytes": 21_474_836_480,
            "CreatedBy": by_plan(1, 1), "IsParent": False, "MessageCategory": "SUCCESS" if state == "COMPLETED" else None,
            "StatusMessage": "Access denied to the key in the destination" if state == "FAILED" else None}))
    return out


def restores(now: float, jobs: list[dict]) -> list[dict]:
    plan = {"RestoreTestingPlanArn": f"arn:aws:backup:us-east-1:{ACCOUNT}:restore-testing-plan:monthly-0001"}
    cases = [("COMPLETED", {"CreatedBy": plan, "ValidationStatus": "SUCCESSFUL", "DeletionStatus": "SUCCESSFUL"}),
             ("COMPLETED", {"CreatedBy": plan, "ValidationStatus": "FAILED", "ValidationStatusMessage": "row counts differ", "DeletionStatus": "SUCCESSFUL"}),
             ("COMPLETED", {"CreatedBy": plan, "ValidationStatus": "TIMED_OUT", "DeletionStatus": "SUCCESSFUL"}),
             ("COMPLETED", {"CreatedBy": plan, "ValidationStatus": "VALIDATING"}), ("COMPLETED", {"CreatedBy": plan}),
             ("COMPLETED", {"CreatedBy": plan, "ValidationStatus": "SUCCESSFUL", "DeletionStatus": "FAILED", "DeletionStatusMessage": "deletion protection is on"}),
             ("COMPLETED", {}), ("FAILED", {"StatusMessage": "Restore role lacks rds:RestoreDBInstanceFromDBSnapshot"}), ("ABORTED", {}), ("RUNNING", {}), ("PENDING", {})]
    out = []
    for n, (status, more) in enumerate(cases):
        begin, point = round(now - (n + 1) * DAY / 2, 3), jobs[n]
        done = status in ("COMPLETED", "FAILED", "ABORTED")
        out.append(without({
            "AccountId": ACCOUNT, "RestoreJobId": f"F{n:07d}-AAAA-4BBB-8CCC-DDDDDDDDDDDD", "RecoveryPointArn": point["RecoveryPointArn"],
            "SourceResourceArn": DATABASE, "BackupVaultArn": vault_arn("compliance"), "CreationDate": begin, "CompletionDate": begin + 2400 if done else None,
            "Status": status, "PercentDone": "100.00%" if status == "COMPLETED" else "0.00%", "BackupSizeInBytes": 21_474_836_480, "ResourceType": "RDS",
            "IamRoleArn": f"arn:aws:iam::{ACCOUNT}:role/restore", "ExpectedCompletionTimeMinutes": 60, "IsParent": False,
            "CreatedResourceArn": DATABASE + f"-test-{n}" if status == "COMPLETED" else None, "RecoveryPointCreationDate": point["CreationDate"]} | more))
    return out


def region(now: float) -> dict:
    made = jobs(now)
    return {"vaults": vaults(now), "plans": plans(now), "jobs": made, "points": points(now, made), "copies": copies(now, made),
            "restores": restores(now, made),
            "resources": [{"ResourceArn": DATABASE, "ResourceType": "RDS", "ResourceName": "acme-pg", "LastBackupTime": now - DAY,
                           "LastBackupVaultArn": vault_arn("compliance"), "LastRecoveryPointArn": point_arn(1, "RDS")},
                          {"ResourceArn": VOLUME, "ResourceType": "EBS", "LastBackupTime": now - 1.1 * DAY}, {"ResourceArn": BUCKET, "ResourceType": "S3"}],
            "tests": [{"RestoreTestingPlanName": "monthly", "RestoreTestingPlanArn": f"arn:aws:backup:us-east-1:{ACCOUNT}:restore-testing-plan:monthly-0001",
                       "ScheduleExpression": "cron(0 4 1 * ? *)", "ScheduleExpressionTimezone": "UTC", "StartWindowHours": 4, "CreationTime": now - 200 * DAY,
                       "LastExecutionTime": now - 20 * DAY, "LastUpdateTime": now - 100 * DAY}],
            "policies": {"compliance": '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"backup:DeleteRecoveryPoint","Resource":"*"}]}'}}


EMPTY = {"vaults": [], "plans": [], "jobs": [], "points": [], "copies": [], "restores": [], "resources": [], "tests": [], "policies": {}}
