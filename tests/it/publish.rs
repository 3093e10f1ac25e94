//! Packets into a folder that is a portal: copied whole, found again, and never over anything else.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::packet::{signed, write};
use crate::support::{Ran, Workspace, files};

fn publish(w: &Workspace, packet: &str, target: &str) -> Ran {
    w.run(&["publish", packet, target, "--format", "json"])
}

/// Changes a file that is read-only.
fn change(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes.push(b' ');
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_folder_becomes_a_portal_and_a_repetition_changes_nothing() {
    let w = signed();
    let packet = write(&w, "out/october", &[]);
    write(&w, "out/inside", &["--framework", "soc2"]);
    let said = publish(&w, "out/october", "portal").ends(2);
    assert!(said.err.contains("no place to publish to"), "{said:?}");
    let said = publish(&w, "out/october", "./portal").ends(0).json();
    assert_eq!((&said["copied"], &said["index_changed"]), (&true.into(), &true.into()));
    let portal = w.path().join("portal");
    assert_eq!(files(&packet), files(&portal.join("october")));
    w.run(&["verify", "portal/october"]).ends(0);
    publish(&w, "out/inside", "./portal").ends(0);
    let page = fs::read_to_string(portal.join("index.html")).unwrap();
    for part in ["october/data/packet.html", "inside/data/packet.pdf", "Example Robotics"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let before = files(&portal);
    let said = publish(&w, "out/october", "./portal").ends(0).json();
    assert_eq!((&said["copied"], &said["index_changed"]), (&false.into(), &false.into()));
    // A packet may be published where it lies.
    let said = publish(&w, "portal/october", "./portal").ends(0).json();
    assert_eq!(said["copied"], false);
    assert_eq!(files(&portal), before);
    // A page that is lost is made again from what is there.
    fs::remove_file(portal.join("index.html")).unwrap();
    publish(&w, "out/october", "./portal").ends(0);
    assert_eq!(files(&portal), before);
}

#[test]
fn nothing_that_lies_in_a_portal_is_replaced() {
    let w = signed();
    write(&w, "out/october", &[]);
    publish(&w, "out/october", "./portal").ends(0);
    let portal = w.path().join("portal");
    let refused = |packet: &str, target: &str, code: i32, word: &str| {
        let before = files(&portal);
        let said = publish(&w, packet, target).ends(code);
        assert!(said.err.contains(word), "{word}: {said:?}");
        assert_eq!(files(&portal), before, "{word}");
    };
    write(&w, "other/october", &["--seed", "another"]);
    refused("other/october", "./portal", 1, "is not the same");
    change(&portal.join("october/data/packet.html"));
    refused("out/october", "./portal", 1, "is not the same");
    w.write("portal/index.html", "<html>somebody's</html>");
    write(&w, "out/soc2", &["--framework", "soc2"]);
    refused("out/soc2", "./portal", 1, "somebody else");
    refused("out/soc2", "./out/soc2/data", 2, "lies in the packet");
    w.write("file", "");
    refused("out/soc2", "./file", 1, "file");
    for option in [["--retain", "P1Y"], ["--region", "eu-west-1"], ["--endpoint", "https://a"], ["--profile", "a"]] {
        let said = w.run(&[&["publish", "out/soc2", "./portal"], &option[..]].concat()).ends(2);
        assert!(said.err.contains(option[0]), "{said:?}");
    }
    for place in ["https://example.com/x", "s3:/bucket", "s3://B"] {
        publish(&w, "out/soc2", place).ends(2);
    }
}

#[test]
fn a_packet_that_is_not_whole_is_published_nowhere() {
    let w = signed();
    let packet = write(&w, "out/october", &[]);
    for (what, damage) in [
        ("changed", (|p: &Path| change(&p.join("data/packet.html"))) as fn(&Path)),
        ("lost", |p: &Path| fs::remove_file(p.join("data/samples.csv")).unwrap()),
        ("planted", |p: &Path| fs::write(p.join("data/more"), "").unwrap()),
        ("link", |p: &Path| symlink("/etc/hostname", p.join("data/link")).unwrap()),
        ("signature", |p: &Path| fs::remove_file(p.join("tagmanifest-sha256.txt.sig")).unwrap()),
    ] {
        let copy = w.path().join(what);
        crate::packet::copied(&packet, &copy);
        damage(&copy);
        for target in ["./portal", "drata", "s3://acme-audit/x"] {
            let said = publish(&w, what, target).ends(5);
            assert!(said.err.contains("nothing was published"), "{said:?}");
        }
        assert!(!w.path().join("portal").exists(), "{what}");
    }
    let said = publish(&w, "out/october", "vanta").ends(2);
    assert!(said.err.contains("[publish.vanta]"), "{said:?}");
}
