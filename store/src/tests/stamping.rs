//! Timestamps beside what they are over.

use std::fs;

use crate::bag::TAG_LIST;
use crate::testing::{store, verify};
use crate::tests::bag::pack;
use crate::timestamp::{request, tests::reply};
use crate::{ProblemKind, Verification, layout};

const AT: &str = "20261101120000Z";

fn kinds(found: &Verification) -> (Vec<ProblemKind>, Vec<ProblemKind>) {
    let of = |list: &[crate::Problem]| list.iter().map(|p| p.kind).filter(|k| *k != ProblemKind::Unsigned).collect();
    (of(&found.problems), of(&found.notes))
}

#[test]
fn a_timestamp_of_a_store_is_over_one_of_its_runs() {
    let (_folder, store) = store(2, None);
    let head = store.manifests().unwrap().last().unwrap().unwrap().digest;
    let receipts = store.receipts().join("authority");
    fs::create_dir_all(&receipts).unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(receipts.join(name), bytes).unwrap();
    put("00000002.json.tsq", &request(&head).unwrap());
    let found = verify(store.path(), None);
    assert_eq!(kinds(&found), (vec![], vec![ProblemKind::TimestampMissing]));
    assert!(found.not_proven.iter().any(|n| n.starts_with("when it was written")));
    // The nonce of a request stands between its fixed parts.
    let nonce = request(&head).unwrap()[58..66].to_vec();
    put("00000002.json.tsr", &reply(&head, AT, Some(&nonce)));
    let found = verify(store.path(), None);
    assert_eq!(kinds(&found), (vec![], vec![]), "{found:?}");
    let stamp = found.timestamps.first().unwrap();
    let shown = (stamp.path.as_str(), stamp.over.as_str());
    assert_eq!(shown, ("receipts/authority/00000002.json.tsr", "runs/00000002.json"));
    assert!(found.not_proven.iter().any(|n| n.contains("openssl ts -verify")), "{:?}", found.not_proven);
    let other = layout::sha256(b"other");
    for (what, bad) in [
        ("over something else", reply(&other, AT, Some(&nonce))),
        ("of another request", reply(&head, AT, Some(&[7; 8]))),
        ("cut", reply(&head, AT, Some(&nonce))[..99].to_vec()),
        ("a page", b"<html>".to_vec()),
    ] {
        put("00000002.json.tsr", &bad);
        let found = verify(store.path(), None);
        assert_eq!(kinds(&found).0, [ProblemKind::TimestampInvalid], "{what}");
        assert!(!found.valid && found.timestamps.is_empty(), "{what}");
    }
}

#[test]
fn a_timestamp_of_a_packet_lies_beside_it_and_is_over_its_list_of_lists() {
    let (folder, store) = store(1, None);
    let packet = pack(&store, &folder, "packet.v1");
    let list = layout::sha256(&fs::read(packet.join(TAG_LIST)).unwrap());
    let beside = folder.path().join("packet.v1.tsr");
    fs::write(&beside, reply(&list, AT, None)).unwrap();
    let found = verify(&packet, None);
    assert!(found.valid, "{:?}", found.problems);
    let stamp = found.timestamps.first().unwrap();
    assert_eq!((stamp.path.as_str(), stamp.over.as_str()), ("../packet.v1.tsr", TAG_LIST));
    let head = store.manifests().unwrap().last().unwrap().unwrap().digest;
    fs::write(&beside, reply(&head, AT, None)).unwrap();
    let found = verify(&packet, None);
    assert_eq!(kinds(&found).0, [ProblemKind::TimestampInvalid]);
    assert!(found.problems[0].message.contains(&list), "{:?}", found.problems);
}
