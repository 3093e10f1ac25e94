use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Option<Instant> {
    model::time::instant(text, None).ok()
}

const PAGE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>acme</Name><Prefix>a%2Fb</Prefix>\
    <NextContinuationToken>1/2+3=</NextContinuationToken><KeyCount>3</KeyCount><IsTruncated>true</IsTruncated>\
    <Contents><Key>a/b%26+c</Key><LastModified>2026-11-20T02:00:00.000Z</LastModified><ETag>&quot;x&quot;</ETag><Size>12</Size>\
    <Owner><ID>me</ID><Key>not mine</Key></Owner><StorageClass>STANDARD</StorageClass></Contents>\
    <Contents>\n  <Key>a/b%01</Key>\n  <Size>-1</Size><LastModified>noon</LastModified></Contents>\
    <CommonPrefixes><Prefix>a/bc/</Prefix></CommonPrefixes><EncodingType>url</EncodingType></ListBucketResult>";

#[test]
fn a_page_of_objects_is_read_and_decoded_as_it_says() {
    let page = read(PAGE.as_bytes()).unwrap();
    assert_eq!((page.bucket.as_str(), page.prefix.as_deref(), page.count), ("acme", Some("a/b"), Some(3)));
    assert_eq!((page.truncated, page.next.0.as_str()), (Some(true), "1/2+3="), "a token is left as it is");
    assert_eq!(page.folders, ["a/bc/"]);
    let [first, second] = &page.entries[..] else { panic!("{page:?}") };
    assert_eq!((first.key.as_str(), first.size, first.etag.as_str()), ("a/b& c", Some(12), "x"));
    assert_eq!(first.modified, at("2026-11-20T02:00:00Z"));
    assert_eq!((second.key.as_str(), second.size, second.modified), ("a/b\u{1}", None, None));
    assert_eq!(second.pointer(), "/Contents/1");
    let places: Vec<&str> = page.faults.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(places, ["/Contents/1/Size", "/Contents/1/LastModified"]);
    let plain = read(PAGE.replace("<EncodingType>url</EncodingType>", "").as_bytes()).unwrap();
    assert_eq!(plain.entries[0].key, "a/b%26+c", "keys are encoded only where the page says so");
}

#[test]
fn a_page_of_versions_tells_them_from_marks_of_deletion() {
    let page = read(
        b"<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a%20b</NextKeyMarker><NextVersionIdMarker>v+1</NextVersionIdMarker>\
          <DeleteMarker><Key>a</Key><VersionId>3</VersionId><IsLatest>true</IsLatest></DeleteMarker>\
          <Version><Key>a</Key><VersionId>2</VersionId><IsLatest>false</IsLatest><Size>1</Size></Version>\
          <Version><Key>a</Key><VersionId>1</VersionId><IsLatest>false</IsLatest><Size>1</Size></Version>\
          <EncodingType>url</EncodingType></ListVersionsResult>",
    )
    .unwrap();
    assert_eq!(page.next, ("a b".to_owned(), "v+1".to_owned()));
    let found: Vec<_> = page.entries.iter().map(|e| (e.pointer(), e.version.as_str(), e.latest)).collect();
    assert_eq!(
        found,
        [
            ("/DeleteMarkers/0".to_owned(), "3", Some(true)),
            ("/Versions/0".to_owned(), "2", Some(false)),
            ("/Versions/1".to_owned(), "1", Some(false)),
        ]
    );
}

#[test]
fn what_is_no_page_is_refused() {
    for (bad, says) in [
        ("", "cut"),
        ("{}", "text outside"),
        ("<html><body>login</body></html>", "<html> is no list"),
        ("<Error><Code>SlowDown</Code></Error>", "it is an error: SlowDown"),
        ("<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>", "/Contents/0 has no key"),
        ("<ListBucketResult><Contents><Key>a</Key>", "cut"),
        ("<ListBucketResult/><ListBucketResult/>", "larger"),
        ("<!DOCTYPE x [<!ENTITY e 'x'>]><ListBucketResult/>", "document type"),
        ("<ListBucketResult><Name>&e;</Name></ListBucketResult>", "entity"),
        (
            "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%FF</Key></Contents></ListBucketResult>",
            "URL encoding",
        ),
    ] {
        let why = read(bad.as_bytes()).unwrap_err();
        assert!(why.contains(says), "{bad}: {why}");
    }
    assert!(read("<a>".repeat(100_000).as_bytes()).is_err());
    let deep = format!("<ListBucketResult>{}", "<a>".repeat(100_000));
    assert!(read(deep.as_bytes()).unwrap_err().contains("deeper"));
    assert!(read(b"<ListBucketResult><Name>\xff</Name></ListBucketResult>").is_err());
}

#[test]
fn order_tells_repeated_and_shifted_keys() {
    let entry = |key: &str, version: &str, among| Entry {
        key: key.to_owned(),
        version: version.to_owned(),
        among,
        ..Entry::default()
    };
    let taken = |entries: &[Entry]| {
        let mut order = Order::default();
        entries.iter().for_each(|e| {
            order.take(e);
        });
        (order.repeated, order.disordered)
    };
    let object = |key| entry(key, "", Among::Contents);
    assert_eq!(taken(&[object("a"), object("a-b"), object("a/b")]), (0, 0));
    assert_eq!(taken(&[object("a"), object("a")]), (1, 1));
    assert_eq!(taken(&[object("a"), object("b"), object("a")]), (1, 1));
    assert_eq!(taken(&[object("a/b"), object("a-b")]), (0, 1), "a server that goes folder by folder");
    let version = |key, version| entry(key, version, Among::Versions);
    assert_eq!(taken(&[version("a", "2"), version("a", "1"), version("b", "1")]), (0, 0));
    assert_eq!(taken(&[version("a", "2"), version("a", "2")]), (1, 0));
    let mark = entry("a", "9", Among::DeleteMarkers);
    assert_eq!(taken(&[version("b", "1"), mark]), (0, 0));
}

proptest! {
    #[test]
    fn nothing_panics(text in "[<>/a-zCKL&;#!%\\[\\]\"= ]{0,60}") {
        let _ = read(text.as_bytes());
    }

    #[test]
    fn a_cut_page_is_no_page(at in 0..PAGE.len()) {
        prop_assert!(read(&PAGE.as_bytes()[..at]).is_err());
    }

    #[test]
    fn bytes_that_are_no_xml_are_no_page(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        prop_assert!(read(&bytes).is_err());
    }
}
