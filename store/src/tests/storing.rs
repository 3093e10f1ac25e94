//! Creating, writing and reading.

use std::fs;
use std::io::{self, Cursor, Read};
use std::path::Path;

use crate::testing::{files, manifest, overwrite, put, run, store, verify};
use crate::{ProblemKind, PutError, Store, StoreError};

fn sha256(bytes: &[u8]) -> String {
    crate::layout::sha256(bytes)
}

#[test]
fn what_is_put_and_committed_is_read_back() {
    let (_folder, store) = store(3, None);
    let store = Store::open(store.path()).unwrap();
    assert_eq!(store.id(), "store-1");
    let runs: Vec<_> = store.manifests().unwrap().map(Result::unwrap).collect();
    assert_eq!(runs.iter().map(|r| r.manifest.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(runs[0].manifest.previous, None);
    assert_eq!(runs[1].manifest.previous.as_ref(), Some(&runs[0].digest));
    assert_eq!(runs[2].manifest.previous.as_ref(), Some(&runs[1].digest));
    assert_eq!(runs[2].path, "runs/00000003.json");
    let bytes = fs::read(store.path().join(&runs[2].path)).unwrap();
    assert_eq!(sha256(&bytes), runs[2].digest);
    assert!(bytes.ends_with(b"}\n"));
    assert_eq!(runs[2].manifest.store_id, "store-1");

    let page = &runs[1].manifest.sources[0].pages[0];
    let mut text = String::new();
    store.object(&page.object).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "run 2\n");
    assert_eq!(page.object, sha256(b"run 2\n"));

    let found = verify(store.path(), None);
    assert!(found.valid, "{found:#?}");
    assert_eq!((found.checked.manifests, found.checked.objects, found.checked.bytes), (3, 4, 25));
    assert_eq!(found.notes.iter().map(|n| n.kind).collect::<Vec<_>>(), [ProblemKind::Unsigned]);
}

#[test]
fn a_run_without_any_object_is_committed_too() {
    let (_folder, store) = store(0, None);
    let committed = store.writer().unwrap().commit(manifest(1, &[]), None).unwrap();
    assert_eq!((committed.sequence, committed.path.as_str()), (1, "runs/00000001.json"));
    assert_eq!(committed.signed_by, None);
    assert!(verify(store.path(), None).valid);
}

#[test]
fn objects_larger_than_the_buffer_and_empty_ones_are_kept_whole() {
    let (_folder, store) = store(0, None);
    let large: Vec<u8> = (0..2_500_001_u32).map(|n| (n * 7 % 251) as u8).collect();
    let mut writer = store.writer().unwrap();
    // In pieces of odd sizes, as a pipe gives them.
    struct Pieces<'a>(&'a [u8], usize);
    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(3) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let n = self.0.len().min(buffer.len()).min(99_991);
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }
    let kept = writer.put(&mut Pieces(&large, 0)).unwrap();
    assert_eq!(kept, (sha256(&large), 2_500_001));
    let empty = put(&mut writer, b"");
    assert_eq!(empty, (sha256(b""), 0));
    writer.commit(manifest(1, &[kept.clone(), empty]), None).unwrap();
    let mut back = Vec::new();
    store.object(&kept.0).unwrap().read_to_end(&mut back).unwrap();
    assert_eq!(back, large);
    assert!(verify(store.path(), None).valid);
}

#[cfg(unix)]
#[test]
fn everything_that_never_changes_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, store) = store(2, None);
    for path in files(store.path()) {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let wanted = if path.ends_with("STORE") { 0o644 } else { 0o444 };
        assert_eq!(mode, wanted, "{}", path.display());
    }
}

#[test]
fn the_same_bytes_are_kept_once_and_never_replaced() {
    let (_folder, store) = store(1, None);
    let before = files(&store.path().join("objects"));
    let mut writer = store.writer().unwrap();
    let (digest, _) = put(&mut writer, b"shared\n");
    assert_eq!(files(&store.path().join("objects")), before);

    // A damaged object must not be taken for good bytes, nor be overwritten.
    let path = store.path().join("objects").join(&digest[..2]).join(&digest);
    overwrite(&path, b"shaRed\n");
    let error = writer.put(&mut Cursor::new(b"shared\n")).unwrap_err();
    assert!(matches!(error, PutError::Store(_)));
    assert!(error.to_string().contains("damaged") && error.to_string().contains(&digest), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"shaRed\n");
}

#[test]
fn a_failing_source_costs_only_its_own_object() {
    struct Fails(u8);
    impl Read for Fails {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            if self.0 > 2 {
                return Err(io::Error::other("the disk of the source is bad"));
            }
            buffer[0] = b'x';
            Ok(1)
        }
    }
    let (_folder, store) = store(0, None);
    let mut writer = store.writer().unwrap();
    match writer.put(&mut Fails(0)) {
        Err(PutError::Source(e)) => assert_eq!(e.to_string(), "the disk of the source is bad"),
        other => panic!("{other:?}"),
    }
    assert_eq!(files(&store.path().join("objects")), [] as [&Path; 0]);
    let kept = put(&mut writer, b"other\n");
    writer.commit(manifest(1, &[kept]), None).unwrap();
    assert!(verify(store.path(), None).valid);
}

#[test]
fn a_failing_store_ends_the_run() {
    let (_folder, store) = store(1, None);
    let mut writer = store.writer().unwrap();
    fs::rename(store.path().join("objects"), store.path().join("moved")).unwrap();
    let error = writer.put(&mut Cursor::new(b"x")).unwrap_err();
    assert!(matches!(error, PutError::Store(_)) && error.to_string().contains("objects"), "{error}");
    fs::rename(store.path().join("moved"), store.path().join("objects")).unwrap();
    // Even where it would work again: what has reached the disk is unknown.
    assert!(matches!(writer.put(&mut Cursor::new(b"x")), Err(PutError::Store(_))));
    assert!(matches!(writer.commit(manifest(2, &[]), None), Err(StoreError::Aborted)));
    assert_eq!(store.manifests().unwrap().count(), 1);
}

#[test]
fn a_manifest_that_does_not_fit_the_objects_is_not_committed() {
    let (_folder, store) = store(1, None);
    let shared = sha256(b"shared\n");
    for (object, bytes, wanted) in [
        (sha256(b"never put"), 9, "find the object"),
        (shared.clone(), 8, "states 8 bytes"),
        ("../../STORE".to_owned(), 1, "not the name of an object"),
        (shared.to_uppercase(), 7, "not the name of an object"),
    ] {
        let error = store.writer().unwrap().commit(manifest(2, &[(object, bytes)]), None).unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
    }
    assert_eq!(store.manifests().unwrap().count(), 1);
}

#[test]
fn only_digests_lead_to_objects() {
    let (folder, store) = store(1, None);
    fs::write(folder.path().join("secret"), "x").unwrap();
    for name in
        ["", "a", "../../secret", "/etc/passwd", &"A".repeat(64), &"é".repeat(32), &format!("../{}", "a".repeat(61))]
    {
        assert!(matches!(store.object(name), Err(StoreError::NotADigest(_))), "{name}");
    }
    assert!(matches!(store.object(&"a".repeat(64)), Err(StoreError::NoObject(_))));
}

#[test]
fn a_changed_object_is_an_error_at_its_end() {
    let (_folder, store) = store(1, None);
    let digest = sha256(b"run 1\n");
    let read = || io::read_to_string(store.checked_object(&digest).unwrap());
    assert_eq!(read().unwrap(), "run 1\n");
    let path = store.path().join("objects").join(&digest[..2]).join(&digest);
    for bad in ["run 2\n", "run 1", "", "run 1\n\n"] {
        overwrite(&path, bad.as_bytes());
        let error = read().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains(&digest), "{error}");
    }
}

#[test]
fn there_is_one_writer_at_a_time_and_readers_need_no_lock() {
    let (_folder, store) = store(1, None);
    let writer = store.writer().unwrap();
    let error = Store::open(store.path()).unwrap().writer().unwrap_err();
    assert!(matches!(error, StoreError::Locked(_)));
    assert!(error.to_string().contains("evidence") && error.to_string().contains("wait"), "{error}");
    assert_eq!(Store::open(store.path()).unwrap().manifests().unwrap().count(), 1);
    assert!(verify(store.path(), None).valid);
    drop(writer);
    run(&store, 2, None);
    run(&store, 3, None);
}

#[test]
fn a_run_that_was_not_committed_leaves_no_run() {
    let (_folder, store) = store(1, None);
    let mut writer = store.writer().unwrap();
    let (digest, _) = put(&mut writer, b"never committed\n");
    drop(writer);
    fs::write(store.path().join("objects/.new-abc"), "half").unwrap();
    fs::write(store.path().join("runs/.new-abc"), "half").unwrap();
    fs::write(store.path().join("runs/00000002.json.sig"), "of a run without manifest").unwrap();

    assert_eq!(store.manifests().unwrap().map(Result::unwrap).count(), 1);
    let found = verify(store.path(), None);
    assert!(found.valid, "{found:#?}");
    let of = |kind| found.notes.iter().filter(|n| n.kind == kind).map(|n| n.path.clone()).collect::<Vec<_>>();
    assert_eq!(of(ProblemKind::Unreferenced), [format!("objects/{}/{digest}", &digest[..2])]);
    assert_eq!(of(ProblemKind::Leftover), ["objects/.new-abc", "runs/.new-abc", "runs/00000002.json.sig"]);

    // The next run clears up, and keeps the object: it may be the only copy.
    run(&store, 2, None);
    let found = verify(store.path(), None);
    assert!(found.valid && found.notes.iter().all(|n| n.kind != ProblemKind::Leftover), "{found:#?}");
    store.object(&digest).unwrap();
}

#[test]
fn a_store_is_begun_only_in_an_empty_place() {
    let (folder, store) = store(1, None);
    let root = store.path();
    assert!(matches!(Store::create(root, "other"), Err(StoreError::NotEmpty { .. })));
    // Evidence whose STORE was lost is not begun anew.
    fs::rename(root.join("STORE"), folder.path().join("kept")).unwrap();
    assert!(matches!(Store::create(root, "other"), Err(StoreError::NotEmpty { .. })));
    assert!(matches!(Store::open(root), Err(StoreError::NotAStore(_))));
    // An interrupted beginning is no obstacle.
    let half = folder.path().join("half");
    fs::create_dir_all(half.join("objects")).unwrap();
    fs::write(half.join(".new-x"), "{").unwrap();
    let store = Store::create(&half, "store-2").unwrap();
    run(&store, 1, None);
    assert!(verify(&half, None).valid);
    for id in ["", "a b", "a/b", "\u{1b}[31m", &"x".repeat(129)] {
        assert!(matches!(Store::create(&folder.path().join("new"), id), Err(StoreError::StoreId(_))), "{id}");
    }
}

#[test]
fn other_formats_are_refused_with_what_to_do() {
    let (_folder, store) = store(1, None);
    let file = store.path().join("STORE");
    for (text, wanted) in [
        (r#"{"format":"backproof.store/2","id":"x","shards":3}"#, "backproof.store/2"),
        (r#"{"format":"backproof.store/1","id":"x","more":1}"#, "damaged"),
        (r#"{"format":"backproof.store/1","id":"x"}"#, "changed since"),
        ("", "damaged"),
        ("\u{feff}{}", "damaged"),
    ] {
        fs::write(&file, text).unwrap();
        let error = Store::open(store.path()).unwrap_err();
        assert!(matches!(error, StoreError::StoreFile { .. }), "{error}");
        assert!(error.to_string().contains(wanted) && error.to_string().contains("STORE"), "{error}");
        assert!(!verify(store.path(), None).valid);
    }
}

#[test]
fn reading_stops_at_the_first_broken_link() {
    let (_folder, store) = store(4, None);
    let path = store.path().join("runs/00000002.json");
    let good = fs::read(&path).unwrap();
    let changed = String::from_utf8(good.clone()).unwrap().replace("nightly", "weekly!");
    overwrite(&path, changed.as_bytes());
    let read: Vec<_> = store.manifests().unwrap().collect();
    assert_eq!(read.len(), 3);
    assert!(read[1].is_ok());
    let error = read[2].as_ref().unwrap_err().to_string();
    assert!(error.contains("runs/00000003.json") && error.contains("verify"), "{error}");

    fs::remove_file(&path).unwrap();
    let read: Vec<_> = store.manifests().unwrap().collect();
    assert_eq!(read.len(), 2);
    assert!(read[1].as_ref().unwrap_err().to_string().contains("runs/00000002.json, is missing"));
}

#[test]
fn damage_does_not_stop_collecting() {
    let (_folder, store) = store(3, None);
    overwrite(&store.path().join("runs/00000003.json"), b"not json");
    fs::remove_file(store.path().join("runs/00000001.json")).unwrap();
    let committed = run(&store, 4, None);
    assert_eq!(committed.sequence, 4);
    let found = verify(store.path(), None);
    let problems: Vec<_> = found.problems.iter().map(|p| (p.kind, p.path.as_str())).collect();
    let wanted =
        [(ProblemKind::ChainBroken, "runs/00000001.json"), (ProblemKind::ManifestInvalid, "runs/00000003.json")];
    assert_eq!(problems, wanted);
}

#[test]
fn the_same_runs_give_the_same_bytes() {
    let (_a, first) = store(2, None);
    let (_b, second) = store(2, None);
    let content = |s: &Store| -> Vec<(String, Vec<u8>)> {
        files(s.path())
            .iter()
            .map(|p| (p.strip_prefix(s.path()).unwrap().display().to_string(), fs::read(p).unwrap()))
            .collect()
    };
    assert_eq!(content(&first), content(&second));
}
