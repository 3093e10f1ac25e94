//! Faults in what people write: all of them at once, with file, line and key, and nothing written.

use crate::support::{CONFIG, INVENTORY, Workspace};

#[test]
fn every_fault_of_every_file_is_told_at_once_and_nothing_is_written() {
    let w = Workspace::good();
    w.write(
        "backproof.toml",
        CONFIG.replace("timezone = \"UTC\"", "timezone = \"Mars/Olympus\"").replace("path = ", "pth = "),
    );
    let inventory = INVENTORY
        .replace("kind = \"database\"", "kind = \"databse\"")
        .replace("in_scope = true", "in_scope = \"yes\"")
        .replace("schedule = \"0 2 * * *\"", "schedule = \"0 25 * * *\"")
        .replace("owner = ", "onwer = ");
    w.write("inventory.toml", &inventory);
    w.write("registers/incidents.csv", "incident_id,kind,backup_related,opened_at\nI-1,outage,yes,2026-10-01\n");
    w.write("registers/exeptions.csv", "exception_id,status\n");
    let before = crate::support::files(w.path());
    for command in [&["collect"][..], &["assess"], &["show", "runs"], &["report", "monthly"]] {
        let ran = w.run(command).ends(2);
        for told in [
            "backproof.toml:3",
            "Mars/Olympus",
            "backproof.toml:6",
            "\"pth\"",
            "\"databse\"",
            "in_scope",
            "0 25 * * *",
            "onwer",
            "owner",
            "registers/incidents.csv:2",
            "outage",
            "exeptions.csv",
            "exceptions.csv",
        ] {
            assert!(ran.err.contains(told), "{command:?}: {told} is not told:\n{}", ran.err);
        }
        let line = inventory.lines().position(|l| l.contains("databse")).unwrap() + 1;
        assert!(ran.err.contains(&format!("inventory.toml:{line}")), "{}", ran.err);
        assert_eq!(ran.out, "");
        assert_eq!(crate::support::files(w.path()), before, "{command:?} wrote something");
    }
}

#[test]
fn one_fault_each() {
    for (file, from, to, told) in [
        ("backproof.toml", "[sources.runs.nightly]", "[sources.rnus.nightly]", "did you mean \"runs\"?"),
        ("backproof.toml", "complete = true", "complete = \"yes\"", "complete"),
        ("backproof.toml", "name = \"Example Robotics\"", "", "\"name\""),
        ("backproof.toml", "[organization]", "[organization", "backproof.toml:1"),
        ("inventory.toml", "system = \"shop-db\"", "system = \"shop_db\"", "shop-db"),
        ("inventory.toml", "onboarded_at = 2025-03-01T00:00:00Z", "onboarded_at = \"spring\"", "onboarded_at"),
        ("inventory.toml", "retention = \"P35D\"", "retention = \"35 days\"", "retention"),
        ("inventory.toml", "[[plan]]\nid = \"shop-daily\"", "[[plan]]\nid = \"\"", "id"),
        ("inventory.toml", "criticality = \"critical\"\n", "", "\"criticality\""),
        ("inventory.toml", "tier = \"critical_online_services\"", "tier = \"platinum\"", "platinum"),
    ] {
        let w = Workspace::good();
        let before = std::fs::read_to_string(w.path().join(file)).unwrap();
        assert!(before.contains(from), "{from}");
        w.write(file, before.replace(from, to));
        let ran = w.run(&["collect"]).ends(2);
        assert!(ran.err.contains(told) && ran.err.contains(file), "{file}: {to}: {}", ran.err);
        assert!(!w.path().join("evidence").exists());
    }
}

#[test]
fn duplicates_and_two_owners_of_a_resource_are_refused() {
    let w = Workspace::good();
    w.append("inventory.toml", INVENTORY);
    let ran = w.run(&["collect"]).ends(2);
    assert!(ran.err.contains("shop-db") && ran.err.contains("shop-daily"), "{}", ran.err);

    let w = Workspace::good();
    let second = INVENTORY.split("[[plan]]").next().unwrap().replace("\"shop-db\"", "\"shop-copy\"");
    w.append("inventory.toml", &format!("\n{second}"));
    let log = std::fs::read_to_string(w.path().join("drop/nightly.jsonl")).unwrap();
    w.write("drop/nightly.jsonl", log.replace("\"system_id\":\"shop-db\"", "\"resource\":\"runs:shop-db/main\""));
    w.run(&["collect"]);
    let ran = w.run(&["assess", "--period", "2026-10"]).ends(2);
    assert!(ran.err.contains("shop-db") && ran.err.contains("shop-copy"), "{}", ran.err);
}

#[test]
fn bytes_that_are_no_text_are_told() {
    let w = Workspace::good();
    w.write("inventory.toml", b"[[system]]\nid = \"\xff\xfe\"\n");
    let ran = w.run(&["collect"]).ends(2);
    assert!(ran.err.contains("inventory.toml") && ran.err.contains("UTF-8"), "{}", ran.err);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_fault() {
    let w = Workspace::good();
    w.write("backproof.toml", format!("\u{feff}{}", CONFIG.replace('\n', "\r\n")));
    w.write("inventory.toml", format!("\u{feff}{}", INVENTORY.replace('\n', "\r\n")));
    w.collect(0);
}
