//! Packets as folders: what is put in, in one form, or nothing at all.

use std::fs;
use std::io::{self, Write};

use tempfile::TempDir;

use crate::bag::{BagError, BagWriter, HEAD};
use crate::testing::{files, store};
use crate::{Expected, Kind, ProblemKind, Store, verify};

/// A small packet of a store.
pub(super) fn pack(store: &Store, folder: &TempDir, name: &str) -> std::path::PathBuf {
    let target = folder.path().join(name);
    let mut bag = BagWriter::begin(&target).unwrap();
    bag.add("data/b c.csv", b"1\n").unwrap();
    bag.add("VERIFY.md", b"how\n").unwrap();
    for file in files(store.path()) {
        let name = file.strip_prefix(store.path()).unwrap().to_str().unwrap().to_owned();
        bag.copy(&format!("data/evidence/{name}"), &mut fs::File::open(file).unwrap()).unwrap();
    }
    let head = store.manifests().unwrap().last().unwrap().unwrap().digest;
    let sealed = bag.finish(&[("Source-Organization", "A\nB: c".to_owned()), (HEAD, head)], None).unwrap();
    assert_eq!(sealed.files as usize, files(store.path()).len() + 1);
    target
}

#[test]
fn a_packet_is_what_was_put_in_and_verifies() {
    let (folder, store) = store(2, None);
    let target = pack(&store, &folder, "packet");
    let found = verify(&target, Expected::default());
    assert!(found.valid, "{:?}", found.problems);
    assert_eq!((found.kind, found.checked.manifests), (Kind::Packet, 2));
    let text = |name: &str| fs::read_to_string(target.join(name)).unwrap();
    assert_eq!(text("bagit.txt"), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
    let info = text("bag-info.txt");
    assert!(info.starts_with("Source-Organization: A\\nB: c\n"), "no value begins a line of its own: {info}");
    let names: Vec<_> = text("tagmanifest-sha256.txt").lines().map(|l| l[66..].to_owned()).collect();
    assert_eq!(names, ["VERIFY.md", "bag-info.txt", "bagit.txt", "manifest-sha256.txt"]);
    let again = pack(&store, &folder, "again");
    let read = |root: &std::path::Path| files(root).into_iter().map(|f| fs::read(f).unwrap()).collect::<Vec<_>>();
    assert_eq!(read(&target), read(&again));
    // Objects that nothing rests on may be left out: the lists are what counts. A planted one may not.
    let foreign = format!("data/evidence/objects/ab/{}", "ab".repeat(32));
    fs::create_dir_all(target.join(&foreign).parent().unwrap()).unwrap();
    fs::write(target.join(&foreign), b"x").unwrap();
    let found = verify(&target, Expected::default());
    assert!(found.problems.iter().any(|p| p.kind == ProblemKind::Foreign && p.path == foreign), "{found:?}");
}

#[test]
fn names_that_readers_understand_differently_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut bag = BagWriter::begin(&folder.path().join("packet")).unwrap();
    for name in ["data/../x", "/data/x", "data//x", "data/a\nb", "data/a\\b", "data/50%", "other/x", "", "..", "data/"]
    {
        assert!(matches!(bag.add(name, b""), Err(BagError::Name(_))), "{name:?}");
    }
    bag.add("data/x", b"").unwrap();
    assert!(matches!(bag.add("data/x", b""), Err(BagError::Twice(_))));
}

#[test]
fn there_is_a_packet_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("deep/packet");
    let mut bag = BagWriter::begin(&target).unwrap();
    let failing = |out: &mut dyn Write| out.write_all(b"half").and_then(|()| Err(io::Error::other("no more")));
    let error = bag.file("data/x", failing).unwrap_err().to_string();
    assert!(error.contains("no more") && error.contains("data/x"), "{error}");
    drop(bag);
    assert_eq!(files(folder.path()), Vec::<std::path::PathBuf>::new());
    assert!(!target.exists());
    // An empty folder is taken, one with anything in it is not.
    fs::create_dir_all(&target).unwrap();
    let mut bag = BagWriter::begin(&target).unwrap();
    bag.add("data/x", b"1").unwrap();
    bag.finish(&[], None).unwrap();
    assert!(matches!(BagWriter::begin(&target), Err(BagError::NotEmpty { .. })));
    let found = verify(&target, Expected::default());
    assert!(found.problems.iter().all(|p| p.path.starts_with("data/evidence")), "only its store is missing: {found:?}");
    assert!(!found.valid);
}

#[test]
fn what_a_killed_program_left_is_removed_and_what_another_writes_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join(".new-packet-killed");
    fs::create_dir_all(left.join("data")).unwrap();
    fs::write(left.join("data/half.csv"), b"1,").unwrap();
    fs::create_dir(folder.path().join(".new-of-somebody")).unwrap();
    let names = || crate::layout::names(folder.path()).unwrap();
    let mut first = BagWriter::begin(&folder.path().join("first")).unwrap();
    assert!(!left.exists(), "{:?}", names());
    first.add("data/x", b"1").unwrap();
    let second = BagWriter::begin(&folder.path().join("second")).unwrap();
    assert_eq!(names().iter().filter(|n| n.starts_with(".new-packet-")).count(), 2, "{:?}", names());
    drop(second);
    first.finish(&[], None).unwrap();
    assert_eq!(names(), [".new-of-somebody", "first"]);
}
