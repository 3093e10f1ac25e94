"""Fills S3 and RDS servers through AWS's own Python client, and tells what a reader must find there.

`storage` rows are told by field; a field that is not named may be anything that is not wrong by other rules.
"""

import hashlib
import json

KMS = "arn:aws:kms:us-east-1:123456789012:key/11111111-aaaa-4bbb-8ccc-222222222222"
DAY = 86_400
PASSWORD = "platypus-8c1d-password"  # of every database


def client(service: str, url: str, key: str = "testing", secret: str = "testing"):
    import boto3
    from botocore.config import Config
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}, connect_timeout=5, read_timeout=30)
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret, config=config)


def put(s3, bucket: str, key: str, body: bytes):
    s3.put_object(Bucket=bucket, Key=key, Body=body)


def policy(bucket: str, *statements: dict) -> str:
    both = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": both} | s for s in statements]})


def buckets(s3) -> dict[str, dict]:
    """Buckets of every setting that AWS has; answers what each `storage` row must say."""
    true = {}
    for name in ("acme-far", "acme-logs", "acme-plain"):
        s3.create_bucket(Bucket=name)
    nothing = {"encryption_default": False, "default_cipher": None, "versioning": False, "immutability": "none", "replication_targets": [],
               "expires_after_s": None, "plain_access_denied": False, "tls_min_enforced": None, "region": "us-east-1"}
    true["acme-plain"] = nothing

    s3.create_bucket(Bucket="acme-backups", ObjectLockEnabledForBucket=True, ObjectOwnership="BucketOwnerEnforced")
    s3.put_bucket_encryption(Bucket="acme-backups", ServerSideEncryptionConfiguration={"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KMS}, "BucketKeyEnabled": True}]})
    s3.put_object_lock_configuration(Bucket="acme-backups", ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 35}}})
    s3.put_public_access_block(Bucket="acme-backups", PublicAccessBlockConfiguration={
        k: True for k in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")})
    s3.put_bucket_lifecycle_configuration(Bucket="acme-backups", LifecycleConfiguration={"Rules": [
        {"ID": "all", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 400}, "NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
        {"ID": "daily", "Status": "Enabled", "Filter": {"Prefix": "daily/"}, "Expiration": {"Days": 40}},
        {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]})
    s3.put_bucket_versioning(Bucket="acme-far", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_replication(Bucket="acme-backups", ReplicationConfiguration={"Role": "arn:aws:iam::123456789012:role/copy", "Rules": [
        {"ID": "far", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""}, "DeleteMarkerReplication": {"Status": "Disabled"},
         "Destination": {"Bucket": "arn:aws:s3:::acme-far"}}]})
    s3.put_bucket_acl(Bucket="acme-logs", AccessControlPolicy={"Owner": {"ID": "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a"}, "Grants": [
        {"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}, "Permission": p} for p in ("WRITE", "READ_ACP")]})
    s3.put_bucket_logging(Bucket="acme-backups", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "acme-logs", "TargetPrefix": "backups/"}})
    true["acme-backups"] = {"encryption_default": True, "default_cipher": "aws:kms", "default_key_id": KMS, "versioning": True, "immutability": "compliance",
                            "replication_targets": ["s3:acme-far"], "expires_after_s": 400 * DAY, "public_access": False, "plain_access_denied": False}
    true["acme-backups/daily"] = true["acme-backups"] | {"expires_after_s": 40 * DAY}

    s3.create_bucket(Bucket="acme-strict")
    s3.put_bucket_encryption(Bucket="acme-strict", ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]})
    s3.put_bucket_versioning(Bucket="acme-strict", VersioningConfiguration={"Status": "Suspended"})
    s3.put_bucket_policy(Bucket="acme-strict", Policy=policy(
        "acme-strict", {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}, {"Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}}))
    true["acme-strict"] = {"encryption_default": True, "default_cipher": "AES256", "versioning": False, "plain_access_denied": True, "tls_min_enforced": "1.2"}

    for name, rule, word in (("acme-governed", {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Years": 2}}}, "governance"), ("acme-lockable", {}, "none")):
        s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
        s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"} | rule)
        true[name] = {"immutability": word, "versioning": True}

    # Only half of the rule: the bucket itself is not covered by the ban on plain http.
    s3.create_bucket(Bucket="acme-half")
    s3.put_bucket_policy(Bucket="acme-half", Policy=policy("acme-half", {"Resource": "arn:aws:s3:::acme-half/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}))
    true["acme-half"] = {"plain_access_denied": False, "tls_min_enforced": None}
    return true


def content(key: str, size: int) -> bytes:
    """Deterministic bytes that differ by key."""
    block = hashlib.sha256(key.encode()).digest()
    return (block * (size // len(block) + 1))[:size]


def objects(s3, bucket: str, count: int = 12) -> dict[str, int]:
    """Dumps of many days, one of them empty; answers sizes by key."""
    sizes = {f"daily/db-2026-{1 + n // 28:02d}-{1 + n % 28:02d}.dump": 0 if n == 5 else 1000 + 17 * n for n in range(count)}
    sizes["weekly/größe & co+2026-01-04.tar"] = 4321
    for key, size in sizes.items():
        put(s3, bucket, key, content(key, size))
    return sizes


def segment(timeline: int, number: int) -> str:
    return f"{timeline:08X}{number // 256:08X}{number % 256:08X}"


def wal_g(s3, bucket: str, prefix: str) -> set[str]:
    """A WAL-G archive: a full backup, a delta on it, one that never ended, segments with none missing; answers the backups."""
    full, delta, cut = f"base_{segment(1, 3)}", f"base_{segment(1, 9)}_D_{segment(1, 3)}", f"base_{segment(1, 14)}"
    for name, wal, begin, end, more in (
            (full, 3, "2026-10-01T02:00:01.5Z", "2026-10-01T02:04:11.1Z", {}),
            (delta, 9, "2026-10-02T02:00:02.5Z", "2026-10-02T02:01:09.25Z",
             {"DeltaLSN": 3 << 24, "DeltaFrom": full, "DeltaFullName": full, "DeltaCount": 1})):
        metadata = {"start_time": begin, "finish_time": end, "date_fmt": "%Y-%m-%dT%H:%M:%S.%fZ", "hostname": "db1", "data_dir": "/var/lib/postgresql/15/main",
                    "pg_version": 150020, "start_lsn": (wal << 24) + 40, "finish_lsn": (wal << 24) + 256, "is_permanent": False,
                    "system_identifier": 7711106700693486353, "uncompressed_size": 23_213_888, "compressed_size": 3_088_384, "user_data": None}
        sentinel = {"LSN": (wal << 24) + 40, "PgVersion": 150020, "FinishLSN": (wal << 24) + 256, "SystemIdentifier": 7711106700693486353,
                    "UncompressedSize": 23_213_888, "CompressedSize": 3_088_384, "DataCatalogSize": 24_500_000, "Spec": None, "UserData": None,
                    "FilesMetadataDisabled": False, "ChkpNum": 12, "Version": 2, "StartTime": begin, "FinishTime": end,
                    "DateFmt": "%Y-%m-%dT%H:%M:%S.%fZ", "Hostname": "db1", "DataDir": "/var/lib/postgresql/15/main", "IsPermanent": False} | more
        base = f"{prefix}basebackups_005/{name}"
        for part in ("part_001.tar.lz4", "pg_control.tar.lz4"):
            put(s3, bucket, f"{base}/tar_partitions/{part}", content(part, 2000))
        put(s3, bucket, f"{base}/metadata.json", json.dumps(metadata).encode())
        put(s3, bucket, f"{base}/files_metadata.json", b"{}")
        put(s3, bucket, f"{base}_backup_stop_sentinel.json", json.dumps(sentinel).encode())
    # Without its sentinel a backup has not ended.
    put(s3, bucket, f"{prefix}basebackups_005/{cut}/tar_partitions/part_001.tar.lz4", content("cut", 2000))
    for number in range(3, 16):
        put(s3, bucket, f"{prefix}wal_005/{segment(1, number)}.lz4", content(str(number), 300))
    put(s3, bucket, f"{prefix}wal_005/{segment(1, 9)}_delta.lz4", content("delta", 50))
    return {full, delta}


def pgbackrest(s3, bucket: str, prefix: str) -> tuple[set[str], str]:
    """A pgBackRest repository: a full and an incremental backup, and one that has only begun; answers the former and the latter."""
    full, increment, begun = "20261001-020000F", "20261001-020000F_20261002-020001I", "20261003-020000F"
    for label in (full, increment, begun):
        put(s3, bucket, f"{prefix}backup/kasse/{label}/pg_data/base/1/1255.lz4", content(label, 1500))
        # The copy is written while the backup runs, the manifest itself at its end.
        for name in ("backup.manifest.copy",) if label == begun else ("backup.manifest.copy", "backup.manifest"):
            put(s3, bucket, f"{prefix}backup/kasse/{label}/{name}", b"[backup]\n")
    put(s3, bucket, f"{prefix}backup/kasse/backup.info", b"[db]\n")
    put(s3, bucket, f"{prefix}archive/kasse/archive.info", b"[db]\n")
    for number in range(3, 12):
        digest = hashlib.sha1(str(number).encode()).hexdigest()
        put(s3, bucket, f"{prefix}archive/kasse/15-1/{segment(1, number)[:16]}/{segment(1, number)}-{digest}.lz4", content(str(number), 300))
    return {full, increment}, begun


def inventory(s3, bucket: str, to: str, prefix: str) -> str:
    """What S3 Inventory would write about a bucket; answers its folder."""
    import csv
    import gzip
    import io
    import time
    from urllib.parse import quote_plus
    rows, columns = io.StringIO(), ("Bucket", "Key", "Size", "LastModifiedDate", "ETag", "StorageClass")
    writer = csv.writer(rows, quoting=csv.QUOTE_ALL)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for o in page.get("Contents", []):
            writer.writerow([bucket, quote_plus(o["Key"], safe="/"), o["Size"], o["LastModified"].strftime("%Y-%m-%dT%H:%M:%S.000Z"), o["ETag"].strip('"'), "STANDARD"])
    body = gzip.compress(rows.getvalue().encode(), mtime=0)
    place = f"{prefix}{bucket}/daily"
    data = f"{place}/data/0f4b2e9c-0000-4000-8000-000000000001.csv.gz"
    now = int(time.time())
    report = f"{place}/{time.strftime('%Y-%m-%dT%H-%MZ', time.gmtime(now))}"
    manifest = json.dumps({"sourceBucket": bucket, "destinationBucket": f"arn:aws:s3:::{to}", "version": "2016-11-30", "creationTimestamp": f"{now}000",
                           "fileFormat": "CSV", "fileSchema": ", ".join(columns),
                           "files": [{"key": data, "size": len(body), "MD5checksum": hashlib.md5(body).hexdigest()}]}).encode()
    put(s3, to, data, body)
    put(s3, to, f"{report}/manifest.json", manifest)
    put(s3, to, f"{report}/manifest.checksum", hashlib.md5(manifest).hexdigest().encode())
    return f"{to}/{place}"


def folder(s3, bucket: str, prefix: str, path: str) -> int:
    """Uploads a folder as it is; answers the number of files."""
    import os
    count = 0
    for place, _, names in os.walk(path):
        for name in sorted(names):
            file = os.path.join(place, name)
            with open(file, "rb") as body:
                put(s3, bucket, prefix + os.path.relpath(file, path), body.read())
            count += 1
    return count


def databases(rds) -> dict[str, dict]:
    """Instances and snapshots of RDS; answers settings by identifier."""
    true = {"acme-pg": {"BackupRetentionPeriod": 7, "StorageEncrypted": True, "MultiAZ": True, "DeletionProtection": True},
            "acme-off": {"BackupRetentionPeriod": 0, "StorageEncrypted": False, "MultiAZ": False, "DeletionProtection": False}}
    for name, settings in true.items():
        rds.create_db_instance(DBInstanceIdentifier=name, Engine="postgres", DBInstanceClass="db.t3.medium", AllocatedStorage=20, MasterUsername="root",
                               MasterUserPassword=PASSWORD, PreferredBackupWindow="05:00-05:30", **settings)
    for name, of in (("before-upgrade", "acme-pg"), ("last-copy", "acme-off")):
        rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=of)
    rds.copy_db_snapshot(SourceDBSnapshotIdentifier="before-upgrade", TargetDBSnapshotIdentifier="before-upgrade-copy")
    return true


# What the AWS CLI would print of a bucket: it is built on the same client, and prints the same errors.

READS = {"get-bucket-encryption": "get_bucket_encryption", "get-bucket-versioning": "get_bucket_versioning", "get-bucket-policy": "get_bucket_policy",
         "get-public-access-block": "get_public_access_block", "get-object-lock-configuration": "get_object_lock_configuration",
         "get-bucket-lifecycle-configuration": "get_bucket_lifecycle_configuration", "get-bucket-replication": "get_bucket_replication",
         "get-bucket-logging": "get_bucket_logging", "get-bucket-ownership-controls": "get_bucket_ownership_controls", "get-bucket-location": "get_bucket_location",
         "list-object-versions": "list_object_versions"}


def export(s3, names: list[str], path: str, calls: dict[str, str] | None = None):
    import os
    from botocore.exceptions import ClientError
    for name in names:
        for call, method in (calls or READS).items():
            file = os.path.join(path, f"{name}.{call}")
            try:
                answer = getattr(s3, method)(Bucket=name)
            except ClientError as refused:
                with open(file + ".stderr", "w", encoding="utf-8") as out:
                    out.write(f"\n{refused}\n")
                continue
            answer.pop("ResponseMetadata", None)
            if answer:
                with open(file + ".json", "w", encoding="utf-8") as out:
                    json.dump(answer, out, default=lambda at: at.isoformat())
                continue
            # Of an answer that holds nothing, such as "never versioned", the CLI prints nothing: only a run record tells.
            with open(file + ".run.json", "w", encoding="utf-8") as out:
                json.dump({"command": f"aws s3api {call} --bucket {name}", "tool": "aws", "exit_code": 0, "stdout": None, "stderr": None,
                           "started_at": "2026-11-01T00:00:00Z", "finished_at": "2026-11-01T00:00:01Z"}, out)
