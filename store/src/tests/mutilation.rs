//! Whatever happens to the files of a store, verification says so and does not fall over.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use tempfile::TempDir;

use crate::testing::{files, overwrite, store, verify};
use crate::{ProblemKind, Signer, Store};

fn kinds(root: &Path) -> Vec<(ProblemKind, String)> {
    verify(root, None).problems.into_iter().map(|p| (p.kind, p.path)).collect()
}

fn object_of(store: &Store, bytes: &[u8]) -> (PathBuf, String) {
    let digest = crate::layout::sha256(bytes);
    let shown = format!("objects/{}/{digest}", &digest[..2]);
    (store.path().join(&shown), shown)
}

#[test]
fn each_kind_of_damage_is_named() {
    let (_folder, store) = store(3, None);
    let root = store.path().to_path_buf();
    let (file, shown) = object_of(&store, b"run 2\n");

    overwrite(&file, b"run 9\n");
    assert_eq!(kinds(&root), [(ProblemKind::ObjectDamaged, shown.clone())]);
    overwrite(&file, b"run 2");
    assert_eq!(kinds(&root), [(ProblemKind::ObjectDamaged, shown.clone()), (ProblemKind::ObjectSize, shown.clone())]);
    fs::remove_file(&file).unwrap();
    assert_eq!(kinds(&root), [(ProblemKind::ObjectMissing, shown.clone())]);
    fs::create_dir(&file).unwrap();
    assert_eq!(kinds(&root), [(ProblemKind::Unreadable, shown)]);
    fs::remove_dir(&file).unwrap();
    fs::write(&file, b"run 2\n").unwrap();
    assert_eq!(kinds(&root), []);
    assert_eq!(verify(&root, None).notes[0].kind, ProblemKind::Writable);

    for foreign in
        ["evil", "objects/evil", "objects/ab/cd", "objects/AB", "runs/1.json", "runs/00000000.json", "runs/x.sig"]
    {
        let path = root.join(foreign);
        let folder = path.parent().unwrap();
        let made = !folder.exists();
        fs::create_dir_all(folder).unwrap();
        fs::write(&path, "x").unwrap();
        assert_eq!(kinds(&root), [(ProblemKind::Foreign, foreign.to_owned())]);
        fs::remove_file(&path).unwrap();
        if made {
            fs::remove_dir(folder).unwrap();
        }
    }

    let second = root.join("runs/00000002.json");
    let bytes = fs::read(&second).unwrap();
    fs::remove_file(&second).unwrap();
    assert_eq!(kinds(&root), [(ProblemKind::ChainBroken, "runs/00000002.json".to_owned())]);
    let text = String::from_utf8(bytes).unwrap();
    for (from, to, kind) in [
        ("drop/*.txt", "drop/*.log", None),
        ("\"sequence\": 2", "\"sequence\": 3", Some(ProblemKind::ChainBroken)),
        ("store-1", "store-2", Some(ProblemKind::StoreId)),
        ("\"sequence\": 2", "\"sequence\":  2", Some(ProblemKind::ManifestInvalid)),
        ("\"sequence\": 2", "\"sequence\": 2,\n  \"sequence\": 2", Some(ProblemKind::ManifestInvalid)),
        ("\"config\": null", "\"config\": null,\n  \"more\\u001b[2J\": 1", Some(ProblemKind::ManifestInvalid)),
        ("backproof.manifest/1", "backproof.manifest/2", Some(ProblemKind::ManifestInvalid)),
    ] {
        assert!(text.contains(from));
        fs::write(&second, text.replace(from, to)).unwrap();
        // The manifest after it no longer follows, whatever was changed.
        let wanted = kind.map(|kind| (kind, "runs/00000002.json".to_owned()));
        let wanted: Vec<_> =
            wanted.into_iter().chain([(ProblemKind::ChainBroken, "runs/00000003.json".to_owned())]).collect();
        assert_eq!(kinds(&root), wanted);
        assert!(!verify(&root, None).problems.iter().any(|p| p.message.contains('\u{1b}')));
        fs::remove_file(&second).unwrap();
    }
}

#[test]
fn a_removed_end_shows_only_in_what_it_leaves_behind() {
    let (_folder, store) = store(3, None);
    fs::remove_file(store.path().join("runs/00000003.json")).unwrap();
    let found = verify(store.path(), None);
    assert!(found.valid);
    let left: Vec<_> = found.notes.iter().filter(|n| n.kind == ProblemKind::Unreferenced).collect();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].path, object_of(&store, b"run 3\n").1);
}

#[test]
fn what_is_no_store_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_path_buf(), folder.path().join("none"), PathBuf::new()] {
        let found = verify(&path, None);
        assert_eq!((found.valid, found.problems[0].kind), (false, ProblemKind::NotAStore));
    }
    fs::create_dir(folder.path().join("STORE")).unwrap();
    assert!(!verify(folder.path(), None).valid);
    let (_folder, store) = store(1, None);
    fs::remove_dir_all(store.path().join("runs")).unwrap();
    assert_eq!(kinds(store.path()), [(ProblemKind::NotAStore, "runs".to_owned())]);
    assert!(store.manifests().is_err());
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_not_followed() {
    use std::os::unix::ffi::OsStrExt;
    let (folder, store) = store(1, None);
    let (file, shown) = object_of(&store, b"run 1\n");
    let outside = folder.path().join("outside");
    fs::rename(&file, &outside).unwrap();
    std::os::unix::fs::symlink(&outside, &file).unwrap();
    assert_eq!(kinds(store.path()), [(ProblemKind::Unreadable, shown.clone())]);
    assert!(store.object(shown.rsplit('/').next().unwrap()).is_err());
    fs::remove_file(&file).unwrap();
    // A pipe that nobody writes to would wait for ever.
    let made = std::process::Command::new("mkfifo").arg(&file).status().unwrap();
    assert!(made.success());
    assert_eq!(kinds(store.path()), [(ProblemKind::Unreadable, shown)]);
    fs::remove_file(&file).unwrap();
    fs::rename(&outside, &file).unwrap();
    // Names reach the reader as text, not as commands of a terminal.
    fs::write(store.path().join(std::ffi::OsStr::from_bytes(b"runs/\x1b[2J\xff")), "").unwrap();
    assert_eq!(kinds(store.path()), [(ProblemKind::Foreign, "runs/\\u{1b}[2J\u{fffd}".to_owned())]);
}

#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, Index, u8),
    Truncate(Index, Index),
    Append(Index, Vec<u8>),
    Replace(Index, Vec<u8>),
    Delete(Index),
    Add(Index, String, Vec<u8>),
    Swap(Index, Index),
    Move(Index, String),
}

fn damage() -> impl Strategy<Value = Damage> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let name = || "[0-9a-f]{1,3}|[0-9]{8}\\.json(\\.sig)?|[a-zA-Z.]{1,12}|[0-9a-f]{64}";
    let index = any::<Index>;
    prop_oneof![
        (index(), index(), 1..=255_u8).prop_map(|(f, at, x)| Damage::Flip(f, at, x)),
        (index(), index()).prop_map(|(f, at)| Damage::Truncate(f, at)),
        (index(), prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(f, b)| Damage::Append(f, b)),
        (index(), bytes()).prop_map(|(f, b)| Damage::Replace(f, b)),
        index().prop_map(Damage::Delete),
        (index(), name(), bytes()).prop_map(|(f, n, b)| Damage::Add(f, n, b)),
        (index(), index()).prop_map(|(a, b)| Damage::Swap(a, b)),
        (index(), name()).prop_map(|(f, n)| Damage::Move(f, n)),
    ]
}

/// Applies it; false where it changed nothing.
fn apply(root: &Path, damage: &Damage) -> bool {
    let files = files(root);
    let Some(some) = files.first() else { return false };
    let pick = |index: &Index| files.get(index.index(files.len())).unwrap_or(some).clone();
    let rewrite = |path: &Path, change: &dyn Fn(&mut Vec<u8>)| {
        let old = fs::read(path).unwrap();
        let mut new = old.clone();
        change(&mut new);
        overwrite(path, &new);
        new != old
    };
    match damage {
        Damage::Flip(f, at, x) => rewrite(&pick(f), &|b| {
            if !b.is_empty() {
                let at = at.index(b.len());
                b[at] ^= x;
            }
        }),
        Damage::Truncate(f, at) => rewrite(&pick(f), &|b| b.truncate(if b.is_empty() { 0 } else { at.index(b.len()) })),
        Damage::Append(f, more) => rewrite(&pick(f), &|b| b.extend(more)),
        Damage::Replace(f, new) => rewrite(&pick(f), &|b| b.clone_from(new)),
        Damage::Delete(f) => fs::remove_file(pick(f)).is_ok(),
        Damage::Add(f, name, bytes) => {
            let path = pick(f).with_file_name(name);
            !path.exists() && fs::write(path, bytes).is_ok()
        }
        Damage::Swap(a, b) => {
            let (a, b) = (pick(a), pick(b));
            let (left, right) = (fs::read(&a).unwrap(), fs::read(&b).unwrap());
            overwrite(&a, &right);
            overwrite(&b, &left);
            left != right
        }
        Damage::Move(f, name) => {
            let from = pick(f);
            let to = from.with_file_name(name);
            !to.exists() && fs::rename(from, to).is_ok()
        }
    }
}

/// A signed store of three runs, made once; each case damages a copy.
static GOOD: LazyLock<(TempDir, Store, Signer)> = LazyLock::new(|| {
    let keys = tempfile::tempdir().unwrap();
    let signer = Signer::from_file(&crate::testing::key(keys.path(), "k", &["-t", "ed25519", "-N", ""])).unwrap();
    let (folder, store) = store(3, Some(&signer));
    (folder, store, signer)
});

fn copy() -> TempDir {
    let root = GOOD.1.path();
    let copy = tempfile::tempdir().unwrap();
    for file in files(root) {
        let to = copy.path().join(file.strip_prefix(root).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(file, to).unwrap();
    }
    copy
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// One change anywhere in a signed store is a problem, or, where the contract says so, a note.
    #[test]
    fn no_change_goes_unseen(damage in damage()) {
        let copy = copy();
        let allowed = GOOD.2.allowed();
        let good = verify(copy.path(), Some(&allowed));
        prop_assert!(good.valid && good.notes.is_empty(), "{good:#?}");
        if apply(copy.path(), &damage) {
            let found = verify(copy.path(), Some(&allowed));
            // Notes are enough for: the newest manifest gone, an object nobody names, a signature
            // gone that a later one covers.
            let seen = !found.valid || found.notes.iter().any(|n| n.kind != ProblemKind::Writable);
            prop_assert!(seen, "{damage:?}\n{found:#?}");
            if matches!(damage, Damage::Flip(..) | Damage::Truncate(..) | Damage::Append(..) | Damage::Replace(..) | Damage::Swap(..)) {
                prop_assert!(!found.valid, "{damage:?}\n{found:#?}");
            }
        }
    }
}

proptest! {
    // Fewer, because each brings a run to the disk.
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any number of changes: neither verifying, reading nor writing falls over.
    #[test]
    fn nothing_makes_it_fall_over(damages in prop::collection::vec(damage(), 1..12)) {
        let copy = copy();
        for damage in &damages {
            apply(copy.path(), damage);
        }
        let _ = verify(copy.path(), None);
        if let Ok(store) = Store::open(copy.path()) {
            if let Ok(manifests) = store.manifests() {
                prop_assert!(manifests.take(100).count() < 100);
            }
            if let Ok(writer) = store.writer() {
                let _ = writer.commit(crate::testing::manifest(9, &[]), None);
            }
        }
    }
}
