//! Signatures, against the real `ssh-keygen` and `ssh-agent` of OpenSSH.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::testing::{hour, key, overwrite, run, store, verify};
use crate::{
    AllowedSigners, ProblemKind, RUN_NAMESPACE, SignError, SignatureFault, Signer, SigningState, Verification,
    verify_signature,
};

const ED25519: [&str; 4] = ["-t", "ed25519", "-N", ""];

fn ssh_keygen(arguments: &[&str], paths: &[&Path], stdin: &Path) -> Output {
    let mut command = Command::new("ssh-keygen");
    command.args(arguments).args(paths).stdin(fs::File::open(stdin).unwrap());
    command.output().expect("these tests need ssh-keygen (package openssh-client)")
}

/// `ssh-keygen -Y verify` as an auditor runs it.
fn auditor_accepts(folder: &Path, public: &Path, signature: &Path, signed: &Path) -> bool {
    let list = folder.join("allowed_signers");
    let public = fs::read_to_string(public).unwrap();
    fs::write(&list, format!("audit@example.com namespaces=\"{RUN_NAMESPACE}\" {public}")).unwrap();
    let arguments = ["-Y", "verify", "-I", "audit@example.com", "-n", RUN_NAMESPACE];
    let output = ssh_keygen(&arguments, &[Path::new("-f"), &list, Path::new("-s"), signature], signed);
    output.status.success()
}

fn signer(folder: &Path, name: &str) -> (Signer, PathBuf) {
    let path = key(folder, name, &ED25519);
    (Signer::from_file(&path).unwrap(), path.with_extension("pub"))
}

fn kinds(found: &Verification) -> Vec<(ProblemKind, &str)> {
    found.problems.iter().map(|p| (p.kind, p.path.as_str())).collect()
}

#[test]
fn openssh_verifies_our_signatures() {
    let keys = tempfile::tempdir().unwrap();
    let (signer, public) = signer(keys.path(), "k");
    let (_folder, store) = store(1, Some(&signer));
    let manifest = store.path().join("runs/00000001.json");
    let signature = store.path().join("runs/00000001.json.sig");
    assert!(auditor_accepts(keys.path(), &public, &signature, &manifest));
    // And refuses when a byte differs, which shows that the call above means something.
    overwrite(&manifest, &[fs::read(&manifest).unwrap().as_slice(), b" "].concat());
    assert!(!auditor_accepts(keys.path(), &public, &signature, &manifest));
    let shown = ssh_keygen(&["-l", "-f"], &[&public], &public);
    assert!(String::from_utf8(shown.stdout).unwrap().contains(&signer.fingerprint()));
    assert!(signer.public_key().unwrap().starts_with("ssh-ed25519 "));
}

#[test]
fn we_write_exactly_what_openssh_writes() {
    let keys = tempfile::tempdir().unwrap();
    let (signer, _) = signer(keys.path(), "k");
    let document = keys.path().join("document");
    for text in ["", "x", "{\n}\n", &"long ".repeat(100_000)] {
        fs::write(&document, text).unwrap();
        let made = ssh_keygen(
            &["-q", "-Y", "sign", "-n", RUN_NAMESPACE, "-f"],
            &[&keys.path().join("k"), &document],
            &document,
        );
        assert!(made.status.success());
        let signature = document.with_extension("sig");
        let theirs = fs::read_to_string(&signature).unwrap();
        assert_eq!(signer.sign(RUN_NAMESPACE, text.as_bytes()).unwrap(), theirs);
        fs::remove_file(signature).unwrap();
    }
}

#[test]
fn a_run_signed_by_hand_afterwards_counts() {
    let keys = tempfile::tempdir().unwrap();
    let (signer, public) = signer(keys.path(), "k");
    let (_folder, store) = store(1, None);
    let allowed = AllowedSigners::parse(&fs::read_to_string(public).unwrap()).unwrap();
    assert_eq!(kinds(&verify(store.path(), Some(&allowed))), [(ProblemKind::SignatureMissing, "runs")]);
    let manifest = store.path().join("runs/00000001.json");
    // With SHA-256 as the hash, which older versions of OpenSSH can be told to use.
    let made = ssh_keygen(
        &["-q", "-Y", "sign", "-O", "hashalg=sha256", "-n", RUN_NAMESPACE, "-f"],
        &[&keys.path().join("k"), &manifest],
        &manifest,
    );
    assert!(made.status.success(), "{made:?}");
    let found = verify(store.path(), Some(&allowed));
    assert!(found.valid, "{found:#?}");
    assert_eq!(found.signing.state, SigningState::Signed);
    assert_eq!(found.signing.signers[0].fingerprint, signer.fingerprint());
    assert_eq!(found.signing.signers[0].principals.as_deref(), Some("audit@example.com"));
}

#[test]
fn verification_says_who_signed() {
    let keys = tempfile::tempdir().unwrap();
    let (old, _) = signer(keys.path(), "old");
    let (new, _) = signer(keys.path(), "new");
    let (_folder, store) = store(1, Some(&old));
    run(&store, 2, Some(&new));
    let committed = run(&store, 3, Some(&new));
    assert_eq!(committed.signed_by, Some(new.fingerprint()));

    let anyone = verify(store.path(), None);
    assert!(anyone.valid && anyone.notes.is_empty(), "{anyone:#?}");
    assert_eq!((anyone.signing.state, anyone.signing.allowed_signers), (SigningState::Signed, false));
    let mut runs: Vec<_> = anyone.signing.signers.iter().map(|s| (s.fingerprint.clone(), s.runs)).collect();
    runs.sort_by_key(|(_, runs)| *runs);
    assert_eq!(runs, [(old.fingerprint(), 1), (new.fingerprint(), 2)]);

    let only_new = verify(store.path(), Some(&new.allowed()));
    assert_eq!(kinds(&only_new), [(ProblemKind::SignatureInvalid, "runs/00000001.json.sig")]);
    assert!(only_new.problems[0].message.contains(&old.fingerprint()), "{only_new:#?}");
    assert_eq!(only_new.signing.state, SigningState::PartlySigned);
}

#[test]
fn signing_may_begin_later_and_must_not_stop() {
    let keys = tempfile::tempdir().unwrap();
    let (signer, _) = signer(keys.path(), "k");
    let (_folder, store) = store(2, None);
    run(&store, 3, Some(&signer));
    let found = verify(store.path(), Some(&signer.allowed()));
    assert!(found.valid, "{found:#?}");
    assert_eq!(found.signing.state, SigningState::PartlySigned);
    assert!(found.notes[0].message.contains("runs 1 to 2") && found.notes[0].message.contains("run 3"));

    let signatures: Vec<_> = store.manifests().unwrap().map(|r| r.unwrap().signature).collect();
    assert_eq!(signatures, [None, None, Some("runs/00000003.json.sig".to_owned())]);

    run(&store, 4, None);
    for allowed in [None, Some(signer.allowed())] {
        let found = verify(store.path(), allowed.as_ref());
        assert_eq!(kinds(&found), [(ProblemKind::SignatureMissing, "runs/00000004.json.sig")]);
    }
}

#[test]
fn a_rewritten_run_needs_the_key() {
    let keys = tempfile::tempdir().unwrap();
    let (ours, _) = signer(keys.path(), "ours");
    let (theirs, _) = signer(keys.path(), "theirs");
    let (_folder, store) = store(1, Some(&ours));
    let path = store.path().join("runs/00000001.json");
    let text = fs::read_to_string(&path).unwrap().replace("\"complete\"", "\"incomplete\"");
    overwrite(&path, text.as_bytes());
    assert_eq!(kinds(&verify(store.path(), None)), [(ProblemKind::SignatureInvalid, "runs/00000001.json.sig")]);
    // Signed anew by somebody else, it holds together; the list of allowed signers tells.
    let signature = store.path().join("runs/00000001.json.sig");
    overwrite(&signature, theirs.sign(RUN_NAMESPACE, text.as_bytes()).unwrap().as_bytes());
    assert!(verify(store.path(), None).valid);
    assert!(!verify(store.path(), Some(&ours.allowed())).valid);
    // A signature for another purpose does not count.
    overwrite(&signature, ours.sign(crate::PACKET_NAMESPACE, text.as_bytes()).unwrap().as_bytes());
    let found = verify(store.path(), Some(&ours.allowed()));
    assert!(found.problems[0].message.contains("backproof-packet@v1"), "{found:#?}");
}

#[test]
fn keys_that_should_not_sign_are_refused() {
    let keys = tempfile::tempdir().unwrap();
    let read = |path: &Path| Signer::from_file(path).unwrap_err();
    let good = key(keys.path(), "good", &ED25519);
    for mode in [0o640, 0o604, 0o620] {
        fs::set_permissions(&good, fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(read(&good), SignError::Exposed(_)));
    }
    fs::set_permissions(&good, fs::Permissions::from_mode(0o400)).unwrap();
    Signer::from_file(&good).unwrap();
    let encrypted = key(keys.path(), "encrypted", &["-t", "ed25519", "-N", "secret"]);
    let error = read(&encrypted);
    assert!(matches!(error, SignError::Encrypted(_)) && error.to_string().contains("ssh-agent"), "{error}");
    for (name, options) in [("rsa", ["-t", "rsa", "-N", ""]), ("ecdsa", ["-t", "ecdsa", "-N", ""])] {
        let error = read(&key(keys.path(), name, &options));
        assert!(matches!(error, SignError::Unusable { .. }), "{error}");
    }
    let text = keys.path().join("text");
    fs::write(&text, "not a key").unwrap();
    fs::set_permissions(&text, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(read(&text), SignError::Unusable { .. }));
    assert!(matches!(read(&keys.path().join("none")), SignError::Read { .. }));
    assert!(matches!(read(keys.path()), SignError::Unusable { .. }));
    // What is shown of a signer never holds the key.
    assert_eq!(format!("{:?}", Signer::from_file(&good).unwrap()).matches("SHA256:").count(), 1);
}

#[test]
fn lists_of_allowed_signers_are_read_as_openssh_reads_them() {
    let keys = tempfile::tempdir().unwrap();
    let (signer, public) = signer(keys.path(), "k");
    let rsa = fs::read_to_string(key(keys.path(), "r", &["-t", "rsa", "-N", ""]).with_extension("pub")).unwrap();
    let public = fs::read_to_string(public).unwrap();
    let signature = signer.sign(RUN_NAMESPACE, b"text").unwrap();
    let check = |list: &str| {
        let list = AllowedSigners::parse(list).unwrap();
        verify_signature(RUN_NAMESPACE, b"text", signature.as_bytes(), Some(&list), hour(0))
    };
    let by = |list: &str| check(list).unwrap().principals.unwrap();
    assert_eq!(by(&public), "audit@example.com");
    assert_eq!(
        by(&format!("# comment\n\n  a@example.com,b@example.com {public}\n{rsa}")),
        "a@example.com,b@example.com"
    );
    assert_eq!(by(&format!("\"a b\" namespaces=\"file,backproof-*\",valid-before=\"20261002Z\" {public}")), "a b");
    assert_eq!(by(&format!("a valid-after=20261001015959Z,valid-before=202610010200Z {public}")), "a");
    // The second entry for a key can allow what the first does not.
    assert_eq!(by(&format!("a namespaces=\"git\" {public}b {public}")), "b");
    for refused in [
        format!("a namespaces=\"git\" {public}"),
        format!("a namespaces=\"*,!backproof-run@v1\" {public}"),
        format!("a valid-after=\"20261002Z\" {public}"),
        format!("a valid-before=\"20261001Z\" {public}"),
    ] {
        assert!(matches!(check(&refused), Err(SignatureFault::NotAllowed { .. })), "{refused}");
    }
    for (bad, wanted) in [
        (format!("a valid-after=\"20261002\" {public}"), "line 1"),
        (format!("\n\na surprise=\"1\" {public}"), "line 3"),
        (format!("a namespaces=\"open {public}"), "quotation mark"),
        ("a ssh-ed25519 AAAA".to_owned(), "not a public key"),
        ("a ssh-ed25519".to_owned(), "missing"),
        ("hello".to_owned(), "no key"),
        (rsa, "no ssh-ed25519 key"),
        (format!("a cert-authority {public}"), "no ssh-ed25519 key"),
        (String::new(), "no ssh-ed25519 key"),
    ] {
        let error = AllowedSigners::parse(&bad).unwrap_err().to_string();
        assert!(error.contains(wanted), "{bad}: {error}");
    }
}

#[test]
fn damaged_signatures_are_refused_whatever_they_hold() {
    let keys = tempfile::tempdir().unwrap();
    let (signer, _) = signer(keys.path(), "k");
    let good = signer.sign(RUN_NAMESPACE, b"text").unwrap();
    let check = |armored: &[u8]| verify_signature(RUN_NAMESPACE, b"text", armored, None, hour(0));
    check(good.as_bytes()).unwrap();
    for at in 0..good.len() {
        for flip in [1, 0x20, 0x80] {
            let mut bad = good.clone().into_bytes();
            bad[at] ^= flip;
            assert!(check(&bad).is_err(), "byte {at}");
        }
        assert!(check(&good.as_bytes()[..at]).is_err(), "cut at {at}");
    }
    assert!(check(&[good.as_bytes(), b"\n"].concat()).is_err());
    assert!(check(&[good.as_bytes(), good.as_bytes()].concat()).is_err());
    assert!(check(good.replace('\n', "\r\n").as_bytes()).is_err());
}

/// An agent that ends with the test.
struct Agent(Child, PathBuf);

impl Drop for Agent {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn agent(folder: &Path) -> Agent {
    let socket = folder.join("agent");
    let child = Command::new("ssh-agent")
        .args(["-D", "-a"])
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
        .expect("these tests need ssh-agent (package openssh-client)");
    let agent = Agent(child, socket);
    for _ in 0..500 {
        if agent.1.exists() {
            return agent;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("ssh-agent did not start");
}

fn add(agent: &Agent, key: &Path) {
    let added = Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", &agent.1).status().unwrap();
    assert!(added.success());
}

#[test]
fn keys_of_an_agent_sign_too() {
    let keys = tempfile::tempdir().unwrap();
    let (signer, public) = signer(keys.path(), "k");
    let agent = agent(keys.path());
    let none = Signer::from_agent(&agent.1, None).unwrap_err().to_string();
    assert!(none.contains("ssh-add"), "{none}");
    add(&agent, &key(keys.path(), "rsa", &["-t", "rsa", "-N", ""]));
    add(&agent, &keys.path().join("k"));

    let held = Signer::from_agent(&agent.1, None).unwrap();
    assert_eq!(held.fingerprint(), signer.fingerprint());
    assert_eq!(held.sign(RUN_NAMESPACE, b"text").unwrap(), signer.sign(RUN_NAMESPACE, b"text").unwrap());
    let (_folder, store) = store(1, Some(&held));
    assert!(verify(store.path(), Some(&signer.allowed())).valid);

    add(&agent, &key(keys.path(), "other", &ED25519));
    let several = Signer::from_agent(&agent.1, None).unwrap_err().to_string();
    assert!(several.contains("several"), "{several}");
    let public = fs::read_to_string(public).unwrap();
    assert_eq!(Signer::from_agent(&agent.1, Some(&public)).unwrap().fingerprint(), signer.fingerprint());

    // An agent that is gone costs the run, and leaves nothing behind.
    drop(agent);
    let error = held.sign(RUN_NAMESPACE, b"text").unwrap_err();
    assert!(matches!(error, SignError::Agent { .. }), "{error}");
    let writer = store.writer().unwrap();
    assert!(writer.commit(crate::testing::manifest(2, &[]), Some(&held)).is_err());
    assert!(verify(store.path(), Some(&signer.allowed())).valid);
}
