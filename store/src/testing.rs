//! What the tests of this crate share: manifests, small stores, keys made by `ssh-keygen`.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{TimeDelta, TimeZone, Utc};
use model::evidence::{Manifest, Page, SourceRun, SourceStatus};
use model::time::Instant;
use tempfile::TempDir;

use crate::{AllowedSigners, Committed, Expected, Signer, Store, Verification, Writer};

/// Hour `n` of the tests' calendar.
pub fn hour(n: u64) -> Instant {
    Utc.with_ymd_and_hms(2026, 10, 1, 2, 0, 0).unwrap() + TimeDelta::hours(i64::try_from(n).unwrap())
}

/// A manifest that names these objects.
pub fn manifest(run: u64, objects: &[(String, u64)]) -> Manifest {
    let page = |(n, (object, bytes)): (usize, &(String, u64))| Page {
        name: format!("log/{n}.txt"),
        object: object.clone(),
        bytes: *bytes,
        modified_at: Some(hour(run)),
        items: None,
        request_id: None,
        http_status: None,
        cursor_in: None,
        cursor_out: None,
        attempts: None,
        etag: None,
        facts_only: false,
    };
    let source = SourceRun {
        kind: "runs".to_owned(),
        source_id: "nightly".to_owned(),
        endpoint: "drop/*.txt".to_owned(),
        identity: None,
        permissions: Vec::new(),
        query: None,
        timezone: None,
        covers: Vec::new(),
        started_at: hour(run),
        collected_at: hour(run),
        status: SourceStatus::Complete,
        reason: None,
        end_of_list: None,
        clock_offset_ms: None,
        notes: Vec::new(),
        pages: objects.iter().enumerate().map(page).collect(),
        counts: BTreeMap::from([("backup_runs".to_owned(), 3)]),
        problems: Vec::new(),
        passed_over: Vec::new(),
        redactions: Vec::new(),
    };
    Manifest {
        schema: String::new(),
        sequence: 0,
        previous: None,
        store_id: String::new(),
        started_at: hour(run),
        ended_at: hour(run),
        clock_offset_ms: None,
        tool: "backproof 0.1.0".to_owned(),
        config: None,
        sources: vec![source],
    }
}

/// Keeps bytes.
pub fn put(writer: &mut Writer, bytes: &[u8]) -> (String, u64) {
    writer.put(&mut Cursor::new(bytes)).unwrap()
}

/// One run with an object of its own and one that all runs share.
pub fn run(store: &Store, n: u64, signer: Option<&Signer>) -> Committed {
    let mut writer = store.writer().unwrap();
    let objects = [put(&mut writer, format!("run {n}\n").as_bytes()), put(&mut writer, b"shared\n")];
    writer.commit(manifest(n, &objects), signer).unwrap()
}

/// A store with `runs` runs.
pub fn store(runs: u64, signer: Option<&Signer>) -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(&folder.path().join("evidence"), "store-1").unwrap();
    for n in 1..=runs {
        run(&store, n, signer);
    }
    (folder, store)
}

/// A key made by the real `ssh-keygen`; the tests fail where it is missing.
pub fn key(folder: &Path, name: &str, options: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-C", "audit@example.com", "-f"])
        .arg(&path)
        .args(options)
        .status()
        .expect("these tests need ssh-keygen (package openssh-client)");
    assert!(made.success());
    path
}

/// Every file below a folder, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Replaces the content of a file that is read-only.
pub fn overwrite(path: &Path, bytes: &[u8]) {
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Checks a store, without a head noted before.
pub fn verify(path: &Path, allowed: Option<&AllowedSigners>) -> Verification {
    crate::verify(path, Expected { allowed, head: None })
}
