//! Vaults: key and lock.
//!
//! Lock: AWS Backup developer guide, "AWS Backup Vault Lock". With a `LockDate` that has passed nobody can undo it
//! (compliance mode); with a later one, or none, people with the right can (governance mode). A logically air-gapped
//! vault is always locked in compliance mode.

use model::rows::{Immutability, Row, StorageLocation};

use super::newest;
use crate::aws::{Answers, Item, arn_part};
use crate::{Batch, Sink};

/// Reads vaults.
pub(super) fn read(batch: &Batch<'_>, answers: &Answers<'_>, sink: &mut dyn Sink) {
    // Recovery points and jobs name their vault too; the reply of create-backup-vault tells nothing of its setup.
    let setup = |item: &Item<'_, '_>| {
        let has = |keys: &[&str]| keys.iter().any(|k| item.value.contains_key(*k));
        !has(&["RecoveryPointArn", "BackupJobId", "State"])
            && has(&["EncryptionKeyArn", "Locked", "NumberOfRecoveryPoints", "VaultType"])
    };
    for (arn, item) in newest(answers, "BackupVaultList", "BackupVault", "BackupVaultArn", setup, sink) {
        let key = item.owned("EncryptionKeyArn");
        let immutability = lock(batch, item, sink);
        sink.row(Row::Storage(StorageLocation {
            location_id: format!("aws-backup:{arn}"),
            platform_id: "aws-backup".to_owned(),
            provider: Some("aws".to_owned()),
            region: arn_part(arn, 3).map(str::to_owned),
            account_ref: arn_part(arn, 4).map(str::to_owned),
            durability_class: item.owned("VaultType"),
            multi_zone: None,
            replication_targets: Vec::new(),
            encryption_default: key.as_ref().map(|_| true),
            default_cipher: None,
            default_key_id: key,
            tls_min_enforced: None,
            plain_access_denied: None,
            public_access: None,
            immutability,
            versioning: None,
            expires_after_s: None,
            observed_at: item.place().at,
            origin: item.origin(batch, format!("vault:{arn}")),
        }));
    }
}

fn lock(batch: &Batch<'_>, item: Item<'_, '_>, sink: &mut dyn Sink) -> Option<Immutability> {
    if item.text("VaultType") == Some("LOGICALLY_AIR_GAPPED_BACKUP_VAULT") {
        return Some(Immutability::Compliance);
    }
    let date = item.time(batch, "LockDate", sink);
    match item.flag("Locked")? {
        true if date.is_some_and(|d| d <= item.place().at) => Some(Immutability::Compliance),
        true => Some(Immutability::Governance),
        false => Some(Immutability::None),
    }
}
