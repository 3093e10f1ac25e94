//! Audit packets: written whole or not at all, the same bytes everywhere, checked by the shell alone and by `verify`,
//! recounted by a script that knows nothing of the program.

mod damage;
mod links;
mod stamps;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{AS_OF, Ran, Workspace, files, keys, record};

/// Makes an Ed25519 key; answers its file.
pub fn key(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "ops@example.com", "-f"])
        .arg(&path)
        .status()
        .unwrap_or_else(|e| panic!("ssh-keygen (openssh-client): {e}"));
    assert!(made.success());
    path
}

/// A workspace whose runs and packets are signed: a failure retried, a miss, a waiver, an incident, a second run.
pub fn signed() -> Workspace {
    let w = Workspace::good();
    key(w.path(), "key");
    w.append("backproof.toml", "\n[signing]\nkey = { file = \"key\" }\n");
    let mut log: String =
        (1..=28).filter(|d| *d != 9).map(|day| record("shop-db", "shop-daily", day, "success")).collect();
    log.push_str(&record("shop-db", "shop-daily", 29, "failed"));
    w.write("drop/nightly.jsonl", log);
    w.write(
        "registers/incidents.csv",
        "incident_id,kind,backup_related,system_ids,opened_at\nI-1,incident,true,shop-db,2026-10-09T10:00:00Z\n",
    );
    w.collect(0);
    w
}

/// Writes the packet of October 2026.
#[track_caller]
pub fn write(w: &Workspace, out: &str, more: &[&str]) -> PathBuf {
    let args = [&["report", "packet", "--period", "2026-10", "--as-of", AS_OF, "--out", out], more].concat();
    let ran = w.run(&args);
    assert!(matches!(ran.code, Some(0 | 4)), "{ran:?}");
    w.path().join(out)
}

/// The commands of `VERIFY.md`, as they are printed.
pub fn recipe(packet: &Path) -> String {
    let page = fs::read_to_string(packet.join("VERIFY.md")).unwrap();
    let mut out = String::new();
    let mut inside = false;
    for line in page.lines() {
        match (inside, line) {
            (false, "```sh") => inside = true,
            (true, "```") => inside = false,
            (true, command) => out.push_str(&format!("{command}\n")),
            _ => {}
        }
    }
    assert!(out.contains("sha256sum") && out.contains("find"), "{page}");
    out
}

/// Writes the line of allowed signers that `VERIFY.md` prints, as one got it by another way.
pub fn allow(packet: &Path) -> PathBuf {
    let page = fs::read_to_string(packet.join("VERIFY.md")).unwrap();
    let line = page.lines().find(|l| l.starts_with("    ") && l.contains("ssh-ed25519")).unwrap().trim();
    let path = packet.parent().unwrap().join("allowed_signers");
    fs::write(&path, format!("{line}\n")).unwrap();
    path
}

/// Runs commands in the packet with nothing but a path in the environment; true where each ended with 0.
pub fn shell(packet: &Path, commands: &str, head: Option<&str>) -> bool {
    let mut command = Command::new("sh");
    command.args(["-e", "-c", commands]).current_dir(packet).env_clear().env("PATH", "/usr/bin:/bin");
    command.envs(head.map(|h| ("EXPECTED_HEAD", h))).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().unwrap().success()
}

/// Counts a packet again with the independent script.
pub fn recount(packet: &Path) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recount.py");
    let out = Command::new("python3").arg("-B").arg(script).arg(packet).output().expect("python3 is needed");
    (out.status.success(), String::from_utf8(out.stdout).unwrap() + &String::from_utf8_lossy(&out.stderr))
}

fn verify(w: &Workspace, packet: &Path, more: &[&str]) -> Ran {
    w.run(&[&["verify", packet.to_str().unwrap(), "--format", "json"], more].concat())
}

/// Copies a packet, so that it can be changed.
pub fn copied(packet: &Path, to: &Path) {
    crate::support::copy(packet, to);
}

#[test]
fn a_packet_is_checked_by_the_shell_and_by_verify() {
    let w = signed();
    w.write("evidence/receipts/other/object-lock.json", "{}");
    let packet = write(&w, "out/packet", &[]);
    let signers = allow(&packet);
    assert!(recipe(&packet).contains("ssh-keygen -Y verify"));
    assert!(shell(&packet, &recipe(&packet), None));
    let found = verify(&w, &packet, &["--signers", signers.to_str().unwrap()]).ends(0).json();
    assert_eq!(
        keys(&found),
        [
            "checked",
            "head",
            "kind",
            "not_proven",
            "notes",
            "path",
            "problems",
            "schema",
            "signing",
            "timestamps",
            "valid"
        ]
    );
    assert_eq!((&found["kind"], &found["signing"]["state"]), (&Value::from("packet"), &Value::from("signed")));
    assert_eq!(found["signing"]["signers"][0]["principals"], "ops@example.com");
    assert!(found["not_proven"].as_array().unwrap().iter().any(|n| n.as_str().unwrap().contains("sources told")));
    let listed: Vec<String> = files(&packet).into_iter().map(|(name, _)| name).collect();
    for name in [
        "bagit.txt",
        "bag-info.txt",
        "tagmanifest-sha256.txt.sig",
        "VERIFY.md",
        "data/packet.html",
        "data/figures.html",
        "data/packet.pdf",
        "data/packet.xlsx",
        "data/assessment.json",
        "data/figures.csv",
        "data/lineage.csv",
        "data/completeness.csv",
        "data/findings.csv",
        "data/waivers.csv",
        "data/samples.csv",
        "data/populations/runs.csv",
        "data/populations/runs.parquet",
        "data/populations/runs.xlsx",
        "data/populations/slots.csv",
        "data/populations/slots.parquet",
        "data/populations/slots.xlsx",
        "data/populations/recovery-points.csv",
        "data/populations/recovery-points.parquet",
        "data/populations/recovery-points.xlsx",
        "data/oscal/assessment-results.json",
        "data/oscal/poam.json",
        "data/workspace/inventory.toml",
        "data/workspace/registers/incidents.csv",
        "data/evidence/STORE",
        "data/evidence/runs/00000001.json",
        "data/evidence/runs/00000001.json.sig",
        "data/evidence/receipts/other/object-lock.json",
    ] {
        assert!(listed.contains(&name.to_owned()), "{name} is not in {listed:?}");
    }
    assert!(!listed.iter().any(|n| n.ends_with("/key")), "the signing key must not be in it");
    // The part of the store verifies as a store does, but for what nothing rests on.
    verify(&w, &packet.join("data/evidence"), &[]).ends(0);
}

#[test]
fn past_the_configured_limit_exceptions_are_printed_and_files_hold_every_row() {
    let w = signed();
    let whole = write(&w, "whole", &[]);
    w.append("backproof.toml", "\n[reports]\nrows = 5\ntagged = false\n");
    let short = write(&w, "short", &[]);
    let page = |packet: &Path| fs::read_to_string(packet.join("data/packet.html")).unwrap();
    assert!(!page(&whole).contains("Only exceptions stand here"));
    let told = page(&short);
    let all = fs::read(short.join("data/populations/runs.csv")).unwrap();
    let rows = String::from_utf8_lossy(&all).lines().count() - 1;
    let digest = Command::new("sha256sum").arg(short.join("data/populations/runs.csv")).output().unwrap().stdout;
    let digest = String::from_utf8_lossy(&digest[..64]).into_owned();
    assert!(told.contains(&format!(">1 of {rows} rows<")) && told.contains(&digest), "{rows} {digest}");
    assert!(told.contains("Only exceptions stand here, and the sample under Samples."));
    for (packet, tagged) in [(&whole, "yes"), (&short, "no")] {
        let info = Command::new("pdfinfo").arg(packet.join("data/packet.pdf")).output().unwrap().stdout;
        let info = String::from_utf8(info).unwrap();
        assert!(info.lines().any(|l| l.starts_with("Tagged:") && l.ends_with(tagged)), "{info}");
    }
    // Whatever is printed, the files are whole, and rows of the workbook are those of the CSV.
    for name in ["runs", "slots", "recovery-points"] {
        let path = |kind: &str| format!("data/populations/{name}.{kind}");
        let script = "import csv, re, sys, zipfile\n\
                      page = zipfile.ZipFile(sys.argv[2]).read('xl/worksheets/sheet1.xml').decode()\n\
                      ids = [r['row_id'] for r in csv.DictReader(open(sys.argv[1], encoding='utf-8-sig'))]\n\
                      print(len(ids), len(re.findall('<row ', page)) - 1, sum(f'>{i}<' in page for i in ids))";
        let out = Command::new("python3")
            .args(["-c", script])
            .args([short.join(path("csv")), short.join(path("xlsx"))])
            .output()
            .unwrap();
        let counts = String::from_utf8(out.stdout).unwrap();
        let counts: Vec<&str> = counts.split_whitespace().collect();
        assert!(counts.len() == 3 && counts[0] != "0" && counts.iter().all(|c| *c == counts[0]), "{name} {counts:?}");
        assert_eq!(fs::read(whole.join(path("xlsx"))).unwrap(), fs::read(short.join(path("xlsx"))).unwrap());
    }
}

#[test]
fn an_unsigned_packet_says_so() {
    let w = Workspace::good();
    w.collect(0);
    let packet = write(&w, "packet", &[]);
    assert!(fs::read_to_string(packet.join("VERIFY.md")).unwrap().contains("**This packet is unsigned.**"));
    assert!(shell(&packet, &recipe(&packet), None));
    let found = verify(&w, &packet, &[]).ends(0).json();
    assert_eq!(found["signing"]["state"], "unsigned");
    assert!(found["not_proven"].to_string().contains("unsigned"));
    let public = fs::read_to_string(key(w.path(), "key").with_extension("pub")).unwrap();
    w.write("signers", public);
    let found = verify(&w, &packet, &["--signers", "signers"]).ends(5).json();
    assert!(found["problems"].to_string().contains("signature_missing"), "{found:#}");
}

#[test]
fn zone_locale_and_umask_change_no_byte_and_no_mode() {
    let w = signed();
    let of = |out: &str, umask: &str, env: &[(&str, &str)]| {
        let script = format!("umask {umask}; exec \"$0\" report packet --period 2026-10 --as-of {AS_OF} --out {out}");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_backproof")]).current_dir(w.path()).env_clear();
        assert!(command.envs(env.iter().copied()).output().unwrap().status.code().is_some_and(|c| c == 0 || c == 4));
        let all = files(&w.path().join(out));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        all.into_iter()
            .map(|(name, bytes)| {
                let path = w.path().join(out).join(&name);
                (mode(&path), mode(path.parent().unwrap()), name, bytes)
            })
            .collect::<Vec<_>>()
    };
    let first = of("out-1", "022", &[("TZ", "UTC"), ("LANG", "C")]);
    assert!(first.iter().all(|(file, folder, ..)| (*file & 0o777, *folder & 0o777) == (0o444, 0o755)));
    for other in [
        of("out-2", "077", &[("TZ", "Asia/Kathmandu"), ("LANG", "de_DE.UTF-8"), ("LC_ALL", "de_DE.UTF-8")]),
        of("out-3", "000", &[("TZ", "America/St_Johns"), ("LANG", "tr_TR.UTF-8"), ("LC_ALL", "tr_TR.UTF-8")]),
    ] {
        for (a, b) in first.iter().zip(&other) {
            assert!(a == b, "{} differs", a.2);
        }
        assert_eq!(first.len(), other.len());
    }
}

#[test]
fn an_independent_script_recounts_every_figure() {
    let w = signed();
    let packet = write(&w, "packet", &["--stratify", "system", "--seed", "the auditor's"]);
    let (holds, said) = recount(&packet);
    assert!(holds, "{said}");
    for part in ["0 faults", "outcomes read from raw bytes", "sampled rows"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    // It is no rubber stamp: a row too few, a wrong figure, another sample, a record that says otherwise.
    type Change<'a> = (&'a str, &'a dyn Fn(&str) -> String);
    let changes: [Change; 4] = [
        ("data/lineage.csv", &|text| text.replacen("slots,missed,", "slots,success,", 1)),
        ("data/figures.csv", &|text| text.replacen("slots/missed,", "slots/missed,1", 1)),
        ("data/samples.csv", &|text| text.replacen("runs,28,", "runs,27,", 1)),
        ("data/lineage.csv", &|text| text.replacen(",line:1,", ",line:29,", 1)),
    ];
    for (n, (name, change)) in changes.iter().enumerate() {
        let copy = w.path().join(format!("copy-{n}"));
        copied(&packet, &copy);
        let text = fs::read_to_string(copy.join(name)).unwrap();
        assert!(text != change(&text), "{n}: nothing was changed in {name}");
        fs::write(copy.join(name), change(&text)).unwrap();
        assert!(!recount(&copy).0, "{n}: the change of {name} was not seen");
    }
}

/// One frame of zstd (RFC 8878) that holds a text as it is.
fn zstd(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let size = u32::try_from(bytes.len()).unwrap();
    // A single segment whose size takes four bytes; one raw block, the last.
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    out.extend(size.to_le_bytes());
    out.extend(&(size << 3 | 1).to_le_bytes()[..3]);
    out.extend(bytes);
    out
}

#[test]
fn compressed_objects_are_recounted_or_listed_as_not_read() {
    let w = Workspace::good();
    fs::remove_file(w.path().join("drop/nightly.jsonl")).unwrap();
    let config = fs::read_to_string(w.path().join("backproof.toml")).unwrap();
    w.write("backproof.toml", config.replace("nightly.jsonl", "nightly.jsonl.zst"));
    w.write("drop/nightly.jsonl.zst", zstd(&crate::support::october("shop-db", "shop-daily")));
    w.collect(0);
    let packet = write(&w, "packet", &[]);
    let (holds, said) = recount(&packet);
    assert!(holds && said.contains("outcomes read from raw bytes") && !said.contains("not read"), "{said}");
    // Without the command the rest is counted, and what was not read is named.
    let python = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recount.py");
    let mut command = Command::new(String::from_utf8(python.stdout).unwrap().trim());
    let out = command.arg("-B").arg(script).arg(&packet).env("PATH", "/nonexistent").output().unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success(), "{said}");
    let object = files(&packet.join("data/evidence/objects")).remove(0).0;
    let digest = object.rsplit('/').next().unwrap();
    for part in [format!("not read: object {digest}"), "rows whose bytes were not read".to_owned()] {
        assert!(said.contains(&part), "{part} in {said}");
    }
    assert!(!said.contains("outcomes read from raw bytes"), "{said}");
}

#[test]
fn withheld_objects_are_left_out_and_listed_and_figures_stay() {
    let w = signed();
    let whole = write(&w, "whole", &[]);
    let object = files(&whole.join("data/evidence/objects")).remove(0).0;
    let digest = object.rsplit('/').next().unwrap().to_owned();
    w.write("withhold.txt", format!("# for outside\n{digest} names of customers\n"));
    let outside = write(&w, "outside", &["--withhold", "withhold.txt"]);
    assert!(!outside.join("data/evidence/objects").join(&object).exists());
    let listed = fs::read_to_string(outside.join("data/withheld.csv")).unwrap();
    let size = fs::metadata(whole.join("data/evidence/objects").join(&object)).unwrap().len();
    assert!(listed.contains(&format!("{digest},{size},names of customers,runs.nightly,")), "{listed}");
    for same in ["data/figures.csv", "data/lineage.csv", "data/assessment.json", "data/populations/runs.csv"] {
        assert_eq!(fs::read(whole.join(same)).unwrap(), fs::read(outside.join(same)).unwrap(), "{same}");
    }
    let samples = fs::read_to_string(outside.join("data/samples.csv")).unwrap();
    assert!(samples.contains("withheld") && !samples.contains("recovery_point_id"), "{samples}");
    assert!(fs::read_to_string(outside.join("VERIFY.md")).unwrap().contains("What 1 withheld object"));
    allow(&outside);
    assert!(shell(&outside, &recipe(&outside), None));
    verify(&w, &outside, &[]).ends(0);
    let (holds, said) = recount(&outside);
    assert!(holds, "{said}");
    // A mistyped hash must not let an object slip through.
    for wrong in ["ab".repeat(32) + " why", digest.clone(), format!("{digest} a\n{digest} b")] {
        w.write("withhold.txt", wrong);
        let args = ["report", "packet", "--period", "2026-10", "--as-of", AS_OF, "--out", "none", "--withhold"];
        w.run(&[&args[..], &["withhold.txt"]].concat()).ends(2);
        assert!(!w.path().join("none").exists());
    }
}

#[test]
fn there_is_a_packet_or_none() {
    let w = signed();
    let args = ["report", "packet", "--period", "2026-10", "--as-of", AS_OF];
    let with = |more: &[&str]| w.run(&[&args[..], more].concat());
    let ran = with(&["--out", "drop"]).ends(2);
    assert!(ran.err.contains("drop is not empty") && ran.err.contains("nightly.jsonl"), "{}", ran.err);
    let ran = with(&["--framework", "soc3"]).ends(2);
    assert!(ran.err.contains("no framework \"soc3\"") && ran.err.contains("soc2"), "{}", ran.err);
    let early = ["report", "packet", "--period", "2026-10", "--as-of", "2026-10-20T00:00:00Z"];
    assert!(w.run(&early).ends(2).err.contains("nothing was collected"));
    let default = with(&["--framework", "soc2", "--framework", "hipaa"]);
    assert!(matches!(default.code, Some(0 | 4)), "{default:?}");
    assert!(w.path().join("reports/packet-2026-10-hipaa-soc2/bagit.txt").is_file(), "{}", default.out);
    // An object that was changed: a packet with it would not be what the store held.
    let object = files(&w.path().join("evidence/objects")).remove(0).0;
    let path = w.path().join("evidence/objects").join(object);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&path, "{}\n").unwrap();
    with(&["--out", "broken"]).ends(1);
    let left: Vec<_> = fs::read_dir(w.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|n| n == "broken" || n.to_string_lossy().starts_with(".new-")), "{left:?}");
}

#[test]
fn the_head_of_the_store_dates_a_packet() {
    let w = signed();
    let older = write(&w, "older", &[]);
    allow(&older);
    w.append("drop/nightly.jsonl", &record("shop-db", "shop-daily", 30, "success"));
    w.collect(0);
    let newer = write(&w, "newer", &[]);
    let head = |packet: &Path| {
        let found = verify(&w, packet, &[]).ends(0).json();
        found["head"].as_str().unwrap().to_owned()
    };
    let (was, is) = (head(&older), head(&newer));
    assert_ne!(was, is);
    // What was noted is the head, or is followed by newer runs; or the packet is too old.
    for (packet, expected, holds) in
        [(&newer, &is, true), (&newer, &was, true), (&older, &was, true), (&older, &is, false)]
    {
        assert_eq!(shell(packet, &recipe(packet), Some(expected)), holds);
        let found = verify(&w, packet, &["--expect-head", expected]).ends(if holds { 0 } else { 5 }).json();
        assert_eq!(found["problems"].to_string().contains("head_unexpected"), !holds, "{found:#}");
    }
    let store = w.path().join("evidence");
    assert_eq!(verify(&w, &store, &["--expect-head", &was]).ends(0).json()["head"], is.as_str());
    verify(&w, &store, &["--expect-head", &"0".repeat(64)]).ends(5);
    verify(&w, &store, &["--expect-head", "short"]).ends(2);
}

#[test]
fn a_figure_is_traced_to_its_bytes() {
    let w = signed();
    let trace = |id: &[&str]| {
        w.run(&[&["trace", "--period", "2026-10", "--as-of", AS_OF, "--format", "json"], id].concat()).ends(0).json()
    };
    let object = files(&w.path().join("evidence/objects")).remove(0).0;
    let digest = object.rsplit('/').next().unwrap();
    let failed = trace(&["slots/failed"]);
    let slot = &failed["tree"]["children"][0];
    assert_eq!(slot["id"], "slot/shop-daily@2026-10-29T02:00:00Z");
    let run = &slot["children"][0];
    assert_eq!(run["id"], "run/runs.nightly/shop-db-29");
    assert_eq!(run["children"][0]["id"], digest);
    let says = run["children"][0]["says"].as_str().unwrap();
    assert!(
        says.starts_with("line:28 in nightly.jsonl of runs.nightly") && says.contains("runs/00000001.json"),
        "{says}"
    );
    let missed = trace(&["slots/missed"])["tree"].to_string();
    assert!(missed.contains("inventory.toml:") && missed.contains("would hold a trace"), "{missed}");
    let result = trace(&["FRQ-02", "shop-daily"]);
    assert_eq!(result["tree"]["kind"], "result");
    assert!(result["tree"]["children"].to_string().contains("slot/shop-daily@2026-10-29"), "{result:#}");
    let rate = &trace(&["backup_success_rate"])["tree"];
    let parts: Vec<&str> = rate["children"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert_eq!(parts[..2], ["backup_success_rate/numerator", "backup_success_rate/denominator"]);
    assert!(
        rate["says"]
            .as_str()
            .unwrap()
            .contains(&format!("of {}", rate["children"][1]["children"].as_array().unwrap().len()))
    );
    let counted = trace(&["backup_related_incidents/count"])["tree"].to_string();
    assert!(counted.contains("registers/incidents.csv:2"), "{counted}");
    let text = w.run(&["trace", "slots/success", "--period", "2026-10", "--as-of", AS_OF, "--limit", "2"]).ends(0).out;
    assert!(text.contains("├─ slot/shop-daily@2026-10-01") && text.contains("25 more"), "{text}");
    let unknown = ["trace", "slots/eaten", "--period", "2026-10", "--as-of", AS_OF];
    assert!(w.run(&unknown).ends(2).err.contains("no figure, result or row"));
}
