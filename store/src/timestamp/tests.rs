use proptest::prelude::*;

use super::*;

/// A TLV with a length of up to 64 KiB.
fn tlv(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..128 => out.push(u8::try_from(length).unwrap()),
        128..256 => out.extend([0x81, u8::try_from(length).unwrap()]),
        _ => out.extend([0x82, u8::try_from(length >> 8).unwrap(), u8::try_from(length & 0xff).unwrap()]),
    }
    out.extend(content);
    out
}

fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    tlv(0x06, &[oid.as_bytes()])
}

/// A granted reply over a hash at a time, without a signature that anyone could check.
pub(crate) fn reply(sha256: &str, at: &str, nonce: Option<&[u8]>) -> Vec<u8> {
    with(&[0], sha256, SHA256, at, nonce)
}

fn with(status: &[u8], sha256: &str, algorithm: ObjectIdentifier, at: &str, nonce: Option<&[u8]>) -> Vec<u8> {
    let hash: Vec<u8> = (0..32).map(|n| u8::from_str_radix(&sha256[2 * n..2 * n + 2], 16).unwrap()).collect();
    let info = tlv(
        0x30,
        &[
            &[2, 1, 1],
            &oid(ObjectIdentifier::new_unwrap("1.2.3.4.1")),
            &tlv(0x30, &[&tlv(0x30, &[&oid(algorithm), &[5, 0]]), &tlv(0x04, &[&hash])]),
            &tlv(0x02, &[&[0x12, 0x34]]),
            &tlv(0x18, &[at.as_bytes()]),
            &tlv(0x30, &[&[2, 1, 1]]),
            &nonce.map(|n| tlv(0x02, &[n])).unwrap_or_default(),
            &tlv(0xa0, &[b"\x82\x01a"]),
        ],
    );
    let inner = tlv(0x30, &[&oid(TIMESTAMP_INFO), &tlv(0xa0, &[&tlv(0x04, &[&info])])]);
    let signed = tlv(0x30, &[&[2, 1, 3], &tlv(0x31, &[]), &inner, &tlv(0x31, &[])]);
    let token = tlv(0x30, &[&oid(SIGNED_DATA), &tlv(0xa0, &[&signed])]);
    tlv(0x30, &[&tlv(0x30, &[&tlv(0x02, &[status])]), &token])
}

fn digest(of: &[u8]) -> String {
    layout::sha256(of)
}

const AT: &str = "20261101120102.75Z";

#[test]
fn a_request_is_of_the_hash_alone_and_read_again() {
    let sha256 = digest(b"x");
    let bytes = request(&sha256).unwrap();
    assert_eq!(bytes.len(), 69);
    assert_eq!(bytes, request(&sha256).unwrap());
    let (over, nonce) = asked(&bytes).unwrap();
    assert_eq!((over, nonce.map(|n| n.len())), (sha256, Some(8)));
    assert_eq!(request("x"), None);
    assert_eq!(request(&"é".repeat(32)), None);
}

#[test]
fn a_reply_is_taken_only_where_it_answers_the_request() {
    let sha256 = digest(b"x");
    let asks = request(&sha256).unwrap();
    let nonce = asked(&asks).unwrap().1.unwrap();
    let stamp = check(&reply(&sha256, AT, Some(&nonce)), &sha256, Some(&asks)).unwrap();
    assert_eq!(model::time::utc_text(stamp.at), "2026-11-01T12:01:02Z");
    assert_eq!((stamp.serial.as_str(), stamp.policy.as_str()), ("1234", "1.2.3.4.1"));
    // By hand there may be no request left, or one without a nonce.
    check(&reply(&sha256, AT, None), &sha256, None).unwrap();
    let refused = |reply: &[u8], over: &str| check(reply, over, Some(&asks)).unwrap_err();
    assert_eq!(refused(&reply(&sha256, AT, None), &sha256), TimestampError::Nonce);
    assert_eq!(refused(&reply(&sha256, AT, Some(&[1])), &sha256), TimestampError::Nonce);
    let other = digest(b"y");
    assert!(matches!(refused(&reply(&other, AT, Some(&nonce)), &sha256), TimestampError::Imprint { .. }));
    assert!(matches!(refused(&reply(&other, AT, Some(&nonce)), &other), TimestampError::Imprint { .. }));
    let sha512 = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
    assert_eq!(refused(&with(&[0], &sha256, sha512, AT, Some(&nonce)), &sha256), TimestampError::Algorithm);
    for at in ["20261101120102", "2026110112010Z", "20261301120102Z", "20261101120102+0100", "20261101120102.Z"] {
        let garbled = refused(&reply(&sha256, at, Some(&nonce)), &sha256);
        assert_eq!(garbled, TimestampError::Garbled("the reply"), "{at}");
    }
}

#[test]
fn a_refusal_says_why() {
    let refusal = |status: &[&[u8]]| match read(&tlv(0x30, &[&tlv(0x30, status)])).unwrap_err() {
        TimestampError::Refused(why) => why,
        other => panic!("{other:?}"),
    };
    let text = tlv(0x30, &[&tlv(0x0c, &["no \u{1b}[31m".as_bytes()])]);
    assert_eq!(refusal(&[&[2, 1, 2], &text]), "no \\u{1b}[31m");
    assert_eq!(refusal(&[&[2, 1, 2], &[3, 2, 5, 0x20]]), "it does not allow the request");
    assert_eq!(refusal(&[&[2, 1, 3]]), "it gives no reason");
    // A token beside a refusal is none.
    let sha256 = digest(b"x");
    assert!(matches!(read(&with(&[2], &sha256, SHA256, AT, None)), Err(TimestampError::Refused(_))));
    assert!(matches!(read(&with(&[0, 0], &sha256, SHA256, AT, None)), Err(TimestampError::Refused(_))));
}

#[test]
fn a_reply_that_was_cut_is_garbled() {
    let whole = reply(&digest(b"x"), AT, None);
    for end in 0..whole.len() {
        assert!(read(&whole[..end]).is_err(), "{end}");
    }
    assert!(read(&[whole.clone(), vec![0]].concat()).is_err());
    assert!(read(b"<html>").is_err());
}

proptest! {
    #[test]
    fn no_bytes_panic_and_none_by_chance_stamps(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0_usize..200, byte: u8) {
        prop_assert!(read(&bytes).is_err());
        let _ = asked(&bytes);
        let sha256 = digest(b"x");
        let mut changed = reply(&sha256, AT, None);
        if let Some(place) = changed.get_mut(at) {
            *place = byte;
        }
        if let Ok(stamp) = read(&changed) {
            prop_assert!(stamp.sha256.len() == 64);
        }
    }
}
