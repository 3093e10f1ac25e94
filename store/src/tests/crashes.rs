//! Writers that are killed, and disks that do not take what is written.
//!
//! The writers are this test program once more, running one of the helpers below.

use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::testing::{files, key, manifest, put, run, store, verify};
use crate::{ProblemKind, PutError, Signer, Store};

/// Names the store that a helper writes.
const STORE: &str = "BACKPROOF_TEST_STORE";
/// Names the key that a helper signs with.
const KEY: &str = "BACKPROOF_TEST_KEY";

#[test]
#[ignore = "helper of other tests"]
#[allow(clippy::disallowed_methods, reason = "the process that starts it names the store in the environment")]
fn helper_writes_until_killed() {
    let (Ok(root), Ok(key)) = (std::env::var(STORE), std::env::var(KEY)) else { return };
    let store = Store::open(Path::new(&root)).unwrap();
    let signer = Signer::from_file(Path::new(&key)).unwrap();
    eprintln!("begun");
    for round in 0_u64.. {
        let mut writer = store.writer().unwrap();
        let sequence = writer.sequence();
        let objects: Vec<_> = (0..6)
            .map(|n| put(&mut writer, format!("{sequence} {round} {n}\n").repeat(1 + n * 20_000).as_bytes()))
            .collect();
        writer.commit(manifest(sequence, &objects), Some(&signer)).unwrap();
    }
}

#[test]
fn a_killed_writer_leaves_a_store_that_verifies_and_goes_on() {
    let (folder, store) = store(0, None);
    let key = key(folder.path(), "k", &["-t", "ed25519", "-N", ""]);
    let signer = Signer::from_file(&key).unwrap();
    let allowed = signer.allowed();
    let mut interrupted = 0;
    for kill in 0..40_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "tests::crashes::helper_writes_until_killed"])
            .env(STORE, store.path())
            .env(KEY, &key)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "begun\n");
        std::thread::sleep(Duration::from_micros(kill * 7_919 % 20_000));
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());

        let found = verify(store.path(), Some(&allowed));
        assert!(found.valid, "kill {kill}: {found:#?}");
        interrupted += u64::from(!found.notes.is_empty());
        let read = store.manifests().unwrap().map(Result::unwrap).count() as u64;
        assert_eq!(read, found.checked.manifests);
        assert_eq!(run(&store, kill, Some(&signer)).sequence, read + 1);
    }
    let found = verify(store.path(), Some(&allowed));
    assert!(found.valid, "{found:#?}");
    assert!(found.notes.iter().all(|note| note.kind == ProblemKind::Unreferenced), "{found:#?}");
    // Else the kills above came at no moment that matters.
    assert!(interrupted > 5, "{interrupted}");
}

#[test]
#[ignore = "helper of other tests"]
#[allow(clippy::disallowed_methods, reason = "the process that starts it names the store in the environment")]
fn helper_writes_more_than_it_may() {
    let Ok(root) = std::env::var(STORE) else { return };
    let store = Store::open(Path::new(&root)).unwrap();
    let mut writer = store.writer().unwrap();
    let error = writer.put(&mut std::io::repeat(b'x').take(3 << 20)).unwrap_err();
    assert!(matches!(error, PutError::Store(_)));
    assert!(error.to_string().contains("cannot write an object in"), "{error}");
    assert!(writer.put(&mut Cursor::new(b"small")).is_err());
    assert!(writer.commit(manifest(2, &[]), None).is_err());
}

#[cfg(unix)]
#[test]
fn a_disk_that_refuses_bytes_ends_the_run_and_nothing_else() {
    let (_folder, store) = store(1, None);
    let before = files(store.path());
    // The limit on the size of a file stands for a full disk: writing fails half-way.
    let helper = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" --ignored --exact tests::crashes::helper_writes_more_than_it_may"])
        .arg(std::env::current_exe().unwrap())
        .env(STORE, store.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&helper.stdout);
    assert!(helper.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(files(store.path()), before);
    assert!(verify(store.path(), None).valid);
}

#[test]
fn errors_of_the_disk_say_what_to_do() {
    use std::io::{Error, ErrorKind};
    for (kind, wanted) in [
        (ErrorKind::StorageFull, "free space"),
        (ErrorKind::QuotaExceeded, "quota"),
        (ErrorKind::ReadOnlyFilesystem, "mount it writable"),
        (ErrorKind::PermissionDenied, "let the user"),
    ] {
        let error = crate::error::explained(&Error::from(kind), "write", Path::new("evidence/objects"));
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(wanted) && error.to_string().contains("evidence/objects"), "{error}");
    }
}
