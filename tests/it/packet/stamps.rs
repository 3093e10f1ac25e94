//! Timestamps got by hand, from OpenSSL as the authority: what a packet takes along, and what `verify` says of them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::{recipe, shell, signed, verify, write};
use crate::support::{AS_OF, Workspace};

const CONFIG: &str = "[tsa]\ndefault_tsa = here\n[here]\nserial = serial\nsigner_cert = authority.pem\nsigner_key = key.pem\n\
    signer_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256\ness_cert_id_alg = sha256\n";

/// A folder with an authority in it.
struct Authority(tempfile::TempDir);

impl Authority {
    fn new() -> Self {
        let it = Self(tempfile::tempdir().unwrap());
        fs::write(it.0.path().join("tsa.cnf"), CONFIG).unwrap();
        it.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Authority -days 3650 -keyout key.pem -out \
             authority.pem -addext extendedKeyUsage=critical,timeStamping -addext keyUsage=critical,digitalSignature",
            &[],
        );
        it
    }

    fn openssl(&self, words: &str, more: &[&Path]) {
        let mut command = Command::new("openssl");
        command.args(words.split_whitespace()).args(more).current_dir(self.0.path());
        let ran = command.output().unwrap_or_else(|e| panic!("openssl: {e}"));
        assert!(ran.status.success(), "{words}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    /// Asks for a timestamp over a file; request and reply become `beside` with their endings.
    fn stamp(&self, file: &Path, beside: &Path) {
        let with = |ending: &str| beside.with_file_name(format!("{}{ending}", beside.file_name().unwrap().display()));
        fs::create_dir_all(beside.parent().unwrap()).unwrap();
        self.openssl("ts -query -sha256 -cert -data", &[file, Path::new("-out"), &with(".tsq")]);
        self.openssl("ts -reply -config tsa.cnf -queryfile", &[&with(".tsq"), Path::new("-out"), &with(".tsr")]);
    }
}

fn stamp_run(w: &Workspace, authority: &Authority, n: u32) {
    let name = format!("{n:08}.json");
    authority
        .stamp(&w.path().join("evidence/runs").join(&name), &w.path().join("evidence/receipts/by-hand").join(&name));
}

#[test]
fn a_packet_takes_along_the_timestamps_of_its_runs_and_no_others() {
    let (w, authority) = (signed(), Authority::new());
    stamp_run(&w, &authority, 1);
    let first: serde_json::Value =
        serde_json::from_slice(&fs::read(w.path().join("evidence/runs/00000001.json")).unwrap()).unwrap();
    thread::sleep(Duration::from_millis(1100));
    w.collect(0);
    stamp_run(&w, &authority, 2);
    let found = verify(&w, &w.path().join("evidence"), &[]).ends(0).json();
    assert_eq!(found["timestamps"].as_array().unwrap().len(), 2);
    assert_eq!(found["timestamps"][1]["over"], "runs/00000002.json");
    assert!(found["not_proven"].to_string().contains("openssl ts -verify"), "{found:#}");

    let both = write(&w, "both", &[]);
    let found = verify(&w, &both, &[]).ends(0).json();
    let overs: Vec<&str> =
        found["timestamps"].as_array().unwrap().iter().map(|t| t["over"].as_str().unwrap()).collect();
    assert_eq!(overs, ["data/evidence/runs/00000001.json", "data/evidence/runs/00000002.json"]);
    super::allow(&both);
    assert!(shell(&both, &recipe(&both), None));
    let how = fs::read_to_string(both.join("VERIFY.md")).unwrap();
    assert!(how.contains("2 of the run manifests have one") && how.contains("runs/00000002.json"), "{how}");

    let as_of = first["ended_at"].as_str().unwrap();
    let args = ["report", "packet", "--period", "2026-10", "--as-of", as_of, "--out", "early"];
    assert!(matches!(w.run(&args).code, Some(0 | 4)));
    let found = verify(&w, &w.path().join("early"), &[]).ends(0).json();
    assert_eq!(found["timestamps"].as_array().unwrap().len(), 1);
    assert!(!w.path().join("early/data/evidence/receipts/by-hand/00000002.json.tsr").exists());
    assert!(as_of < AS_OF);
}

#[test]
fn a_timestamp_that_is_over_something_else_is_seen_and_taken_along_by_no_packet() {
    let (w, authority) = (signed(), Authority::new());
    let beside = w.path().join("evidence/receipts/00000001.json");
    authority.stamp(&w.path().join("inventory.toml"), &beside);
    let found = verify(&w, &w.path().join("evidence"), &[]).ends(5).json();
    assert!(found["problems"].to_string().contains("timestamp_invalid"), "{found:#}");
    let packet = write(&w, "packet", &[]);
    assert!(!packet.join("data/evidence/receipts").exists());
    let found = verify(&w, &packet, &[]).ends(0).json();
    assert_eq!(found["timestamps"], serde_json::json!([]));
    assert!(fs::read_to_string(packet.join("VERIFY.md")).unwrap().contains("No run manifest in this packet has one"));
    // Beside the packet, over its list of lists: as it is published.
    authority.stamp(&packet.join("tagmanifest-sha256.txt"), &packet);
    let found = verify(&w, &packet, &[]).ends(0).json();
    assert_eq!(found["timestamps"][0]["path"], "../packet.tsr");
    fs::copy(w.path().join("evidence/receipts/00000001.json.tsr"), w.path().join("packet.tsr")).unwrap();
    let found = verify(&w, &packet, &[]).ends(5).json();
    assert!(found["problems"].to_string().contains("timestamp_invalid"), "{found:#}");
}
