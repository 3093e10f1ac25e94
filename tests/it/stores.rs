//! The store under attack and in use: nothing is changed unseen, nobody writes beside another.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{AS_OF, Workspace, files, october};

/// Overwrites a file of a store, which are read-only.
fn overwrite(path: &Path, bytes: &[u8]) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A store of two runs.
fn two_runs() -> Workspace {
    let w = Workspace::good();
    w.collect(0);
    w.append("drop/nightly.jsonl", "\n");
    w.collect(0);
    assert!(w.path().join("evidence/runs/00000002.json").is_file());
    w
}

#[test]
fn one_changed_bit_anywhere_is_found() {
    let sound = two_runs();
    for (name, bytes) in files(&sound.path().join("evidence")) {
        if name.starts_with("cache/") {
            continue;
        }
        let w = Workspace::empty();
        crate::support::copy(sound.path(), w.path());
        w.run(&["verify", "evidence"]).ends(0);
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        overwrite(&w.path().join("evidence").join(&name), &changed);
        let found = w.run(&["verify", "evidence", "--format", "json"]).ends(5).json();
        assert!(!found["problems"].as_array().unwrap().is_empty(), "{name}");
    }
}

#[test]
fn a_removed_an_added_and_a_renamed_file_are_found() {
    let sound = two_runs();
    let object = files(&sound.path().join("evidence/objects")).remove(0).0;
    type Change<'a> = (&'a str, &'a dyn Fn(&Path));
    let changes: [Change; 5] = [
        ("an object is gone", &|e| fs::remove_file(e.join("objects").join(&object)).unwrap()),
        ("the first manifest is gone", &|e| fs::remove_file(e.join("runs/00000001.json")).unwrap()),
        ("a foreign file", &|e| fs::write(e.join("runs/notes.txt"), "x").unwrap()),
        ("an object under another name", &|e| {
            let other = format!("ab/{}", "ab".repeat(32));
            fs::create_dir_all(e.join("objects/ab")).unwrap();
            fs::copy(e.join("objects").join(&object), e.join("objects").join(other)).map(|_| ()).unwrap();
        }),
        ("no STORE", &|e| fs::remove_file(e.join("STORE")).unwrap()),
    ];
    for (what, change) in changes {
        let w = Workspace::empty();
        crate::support::copy(sound.path(), w.path());
        change(&w.path().join("evidence"));
        let found = w.run(&["verify", "evidence", "--format", "json"]).ends(5).json();
        assert!(!found["problems"].as_array().unwrap().is_empty(), "{what}");
    }
}

#[test]
fn damaged_evidence_never_becomes_a_pass() {
    let w = Workspace::good();
    w.collect(0);
    let object = files(&w.path().join("evidence/objects")).remove(0).0;
    overwrite(&w.path().join("evidence/objects").join(object), b"{}\n");
    let ran = w.run(&["assess", "--period", "2026-10", "--as-of", AS_OF, "--format", "json"]);
    // Refusing to judge is right as well.
    assert!(matches!(ran.code, Some(1 | 4)), "{ran:?}");
    if ran.code == Some(4) {
        crate::bad_input::no_pass_on_runs(&ran.json(), "shop-db", "shop-daily");
    }
}

#[test]
fn one_writer_at_a_time() {
    let w = Workspace::good();
    w.collect(0);
    let lock = fs::OpenOptions::new().read(true).write(true).open(w.path().join("evidence/STORE")).unwrap();
    lock.try_lock().unwrap();
    let ran = w.run(&["collect"]).ends(1);
    assert!(ran.err.contains("another process is writing this store"), "{}", ran.err);
    assert!(!w.path().join("evidence/runs/00000002.json").exists());
    // Reading is not writing.
    w.run(&["assess", "--period", "2026-10", "--as-of", AS_OF]).ends(0);
    w.run(&["verify", "evidence"]).ends(0);
    drop(lock);
    w.collect(0);
}

#[test]
fn collections_at_the_same_time_lose_nothing() {
    let w = Workspace::good();
    w.collect(0);
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command = w.program();
            command.arg("collect").stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    let done = children.into_iter().filter_map(|mut c| c.wait().unwrap().code()).filter(|c| *c == 0).count();
    let runs = files(&w.path().join("evidence/runs")).iter().filter(|(n, _)| n.ends_with(".json")).count();
    assert_eq!(runs, 1 + done, "each that ended with 0 has its manifest");
    w.run(&["verify", "evidence"]).ends(0);
}

#[test]
fn a_killed_collection_leaves_a_sound_store() {
    let w = Workspace::good();
    w.collect(0);
    w.write("drop/nightly.jsonl", october("shop-db", "shop-daily").repeat(2_000));
    for wait_ms in [5_u64, 20, 60, 120] {
        let mut command = w.program();
        command.arg("collect").stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        w.run(&["verify", "evidence"]).ends(0);
    }
    w.run(&["collect"]);
    w.run(&["verify", "evidence"]).ends(0);
}

#[test]
fn a_signed_run_is_checked_by_ssh_keygen() {
    let w = Workspace::good();
    let key = w.path().join("key");
    let keygen = |args: &[&str], stdin: Option<&[u8]>| {
        use std::io::Write;
        let mut command = std::process::Command::new("ssh-keygen");
        command
            .args(args)
            .current_dir(w.path())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("ssh-keygen (openssh-client): {e}"));
        child.stdin.take().unwrap().write_all(stdin.unwrap_or_default()).unwrap();
        child.wait().unwrap().success()
    };
    assert!(keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "ops@example.com", "-f", key.to_str().unwrap()], None));
    w.append("backproof.toml", "\n[signing]\nkey = { file = \"key\" }\n");
    w.collect(0);
    let public = fs::read_to_string(w.path().join("key.pub")).unwrap();
    w.write("signers", format!("ops@example.com {public}"));
    let manifest = fs::read(w.path().join("evidence/runs/00000001.json")).unwrap();
    let name =
        files(&w.path().join("evidence/runs")).into_iter().map(|(n, _)| n).find(|n| n.ends_with(".sig")).unwrap();
    let signature = format!("evidence/runs/{name}");
    let args = ["-Y", "verify", "-f", "signers", "-I", "ops@example.com", "-n", "backproof-run@v1", "-s", &signature];
    assert!(keygen(&args, Some(&manifest)));
    let mut changed = manifest;
    changed[10] ^= 1;
    assert!(!keygen(&args, Some(&changed)));
    w.run(&["verify", "evidence", "--signers", "signers"]).ends(0);
}

#[test]
fn secrets_in_run_records_do_not_reach_the_store() {
    let w = Workspace::good();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/borg");
    crate::support::copy(&sample.join("evidence"), &w.path().join("drop/borg/evidence"));
    fs::copy(sample.join("runs.json"), w.path().join("drop/borg/runs.json")).unwrap();
    w.append("backproof.toml", "\n[sources.borg.mail]\npath = \"drop/borg\"\n");
    let collection = w.run(&["collect", "--format", "json"]).json();
    for (name, bytes) in files(&w.path().join("evidence")) {
        assert!(!String::from_utf8_lossy(&bytes).contains("sample-only-"), "a passphrase is in {name}");
    }
    let mail = crate::support::source(&collection, "mail");
    assert!(!mail["redactions"].as_array().unwrap().is_empty(), "each removal is recorded");
}
