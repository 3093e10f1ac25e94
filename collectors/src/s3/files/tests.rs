//! Files of other kinds that lie in a bucket of the test.

use super::*;
use crate::aws::session::testing::scope;
use crate::net::Collected;
use crate::net::testing::{Memory, Reply, Seen, run, trail};
use crate::s3::testing::{Fake, server};

struct Outcome {
    collected: Collected,
    objects: Arc<Memory>,
    requests: Vec<String>,
}

impl Outcome {
    fn names(&self) -> Vec<&str> {
        self.collected.pages.iter().map(|p| p.name.as_str()).collect()
    }

    fn problems(&self) -> String {
        self.collected.problems.iter().map(|p| format!("{p}\n")).collect()
    }
}

fn brought(
    kind: &'static Kind,
    path: &str,
    fake: &Fake,
    known: &[Page],
    fault: impl Fn(usize, &Seen) -> Option<Reply> + Send + Sync + 'static,
) -> Outcome {
    let server = server(fake.clone(), fault);
    let (mut trail, objects, _stop) = trail();
    trail.context.limits.attempts = 2;
    trail.answers = false;
    trail.context.known = Arc::new(known.iter().map(|p| (p.name.clone(), p.clone())).collect());
    for page in known {
        use crate::net::Objects;
        objects.put(&mut format!("known {}", page.name).as_bytes()).unwrap();
    }
    let wanted = Wanted::of(path).unwrap();
    run(async {
        let scope = scope(&server.url, &trail).await;
        match bring(kind, path, &wanted, (&scope, None), &mut trail).await {
            Ok(()) | Err(Halt::Over) => {}
            Err(other) => panic!("{other}"),
        }
    });
    let requests = server.seen().iter().map(|s| s.line.clone()).collect();
    Outcome { collected: trail.finish(), objects, requests }
}

fn folder() -> Fake {
    let record = r#"{"command":"pgbackrest backup","env":{"PGPASSWORD":"canary-7"},"exit_code":0}"#;
    Fake::default()
        .with("drop/db1/2026/info é+.json", "[]")
        .with("drop/db1/backup.run.json", record)
        .with("drop/db1/core", [0, 1, 2].repeat(9000))
        .with("drop/db1/empty/", "")
        .with("drop/db1/log.txt", "P00 INFO: backup command end")
        .with("drop/db1-old/log.txt", "not meant")
}

#[test]
fn a_folder_is_read_whole_and_each_file_is_claimed() {
    for path in ["s3://drop/db1", "s3://drop/db1/"] {
        let out = brought(&crate::pgbackrest::KIND, path, &folder(), &[], |_, _| None);
        assert_eq!(out.problems(), "");
        assert_eq!(out.names(), ["2026/info é+.json", "backup.run.json", "log.txt"]);
        let passed: Vec<_> =
            out.collected.passed_over.iter().map(|p| (p.document.as_str(), p.reason.as_str())).collect();
        assert_eq!(passed, [("core", "binary file")]);
        assert_eq!(out.collected.redactions.len(), 1, "secrets of run records are removed as on a disk");
        assert!(!out.objects.everything().contains("canary"));
        let page = &out.collected.pages[2];
        assert_eq!(page.modified_at, model::time::instant("2026-11-20T02:00:00Z", None).ok());
        assert!(page.etag.is_some() && page.http_status == Some(200));
        let [list, files] = &out.collected.ended[..] else { panic!("{:?}", out.collected.ended) };
        assert!(list.contains("nothing follows") && files.contains("not this source's: 4 of 4"), "{list} {files}");
    }
}

#[test]
fn a_path_is_an_object_a_folder_or_a_pattern() {
    let names = |path: &str| {
        let out = brought(&crate::runs::KIND, path, &folder(), &[], |_, _| None);
        (out.names().join(","), out.problems())
    };
    assert_eq!(names("s3://drop/db1/log.txt"), ("log.txt".to_owned(), String::new()));
    assert_eq!(names("s3://drop/db1*/log.txt").0, "db1-old/log.txt,db1/log.txt");
    assert_eq!(names("s3://drop/db1/*.txt").0, "log.txt");
    assert_eq!(
        names("s3://drop/*.txt"),
        (String::new(), "s3://drop/*.txt: no object matches this pattern\n".to_owned())
    );
    assert!(names("s3://drop/db").1.contains("there is no object"), "db1 is another folder");
    assert!(Wanted::of("s3://").is_err() && Wanted::of("s3://b*/x").is_err());
}

#[test]
fn a_backup_itself_stays_where_it_is() {
    let dump = [b"PGDMP\x01\x0e\x00".as_slice(), &[7; 300_000]].concat();
    let out =
        brought(&crate::pg_dump::KIND, "s3://drop/*.dump", &Fake::default().with("drop/a.dump", dump), &[], |_, _| {
            None
        });
    assert_eq!(out.problems(), "");
    assert!(out.collected.pages[0].facts_only);
    assert!(out.objects.everything().contains("\"size\": 300008"));
}

/// Each leaves the source incomplete; nothing half is kept.
#[test]
fn what_does_not_arrive_whole_is_not_kept() {
    let short = || Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 28\r\n\r\nP00 INFO".to_vec());
    let other =
        || Reply::status(200, "P00 INFO: backup command EVIL").header("etag", "\"d41d8cd98f00b204e9800998ecf8427e\"");
    let endless = || Reply::Raw(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nP00 INFO: backup".to_vec());
    type Bad<'a> = (fn() -> Reply, &'a str);
    let bad: Vec<Bad<'_>> = vec![
        (short, "2 attempts"),
        (other, "not those of the object's ETag"),
        (endless, "does not tell how long"),
        (|| Reply::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 28\r\n\r\nP00".to_vec()), "2 attempts"),
        (|| Reply::status(500, ""), "the server answers 500"),
        (|| Reply::status(403, "<Error><Code>AccessDenied</Code></Error>"), "allow s3:GetObject"),
        (|| Reply::status(404, "<Error><Code>NoSuchKey</Code></Error>"), "not found"),
        (
            || Reply::status(403, "<Error><Code>InvalidObjectState</Code><Message>archived</Message></Error>"),
            "InvalidObjectState",
        ),
    ];
    for (bad, says) in bad {
        let out = brought(&crate::runs::KIND, "s3://drop/db1/", &folder(), &[], move |_, seen| {
            seen.path().contains("/db1/log.txt").then(bad)
        });
        assert!(out.problems().contains(says), "{says}: {}", out.problems());
        assert_eq!(out.names(), ["2026/info é+.json", "backup.run.json"], "{says}: the others are read");
        assert!(!out.objects.everything().contains("P00"), "{says}");
        assert_eq!(out.collected.ended.len(), 1, "{says}: {:?}", out.collected.ended);
        let healed = brought(&crate::runs::KIND, "s3://drop/db1/", &folder(), &[], move |n, seen| {
            (n == 0 && seen.path().contains("/db1/log.txt")).then(bad)
        });
        let passes = !matches!(says, "allow s3:GetObject" | "not found" | "InvalidObjectState");
        assert_eq!(healed.problems().is_empty(), passes, "{says}: {}", healed.problems());
    }
    let out = brought(&crate::runs::KIND, "s3://drop/db1/", &folder(), &[], |_, seen| {
        seen.path().contains("list-type").then(|| Reply::status(403, "<Error><Code>AccessDenied</Code></Error>"))
    });
    assert!(out.problems().contains("allow s3:ListBucket") && out.collected.ended.is_empty(), "{}", out.problems());
}

#[test]
fn what_has_not_changed_is_not_fetched_again() {
    use sha2::{Digest, Sha256};
    let text = "P00 INFO: backup command end";
    let known = |etag: &str| Page {
        name: "log.txt".to_owned(),
        object: Sha256::digest(b"known log.txt").iter().map(|b| format!("{b:02x}")).collect(),
        bytes: 28,
        modified_at: None,
        items: None,
        request_id: None,
        http_status: Some(200),
        cursor_in: None,
        cursor_out: None,
        attempts: Some(1),
        etag: Some(etag.to_owned()),
        facts_only: false,
    };
    let fetched = |known: &Page| {
        let out =
            brought(&crate::runs::KIND, "s3://drop/db1/*.txt", &folder(), std::slice::from_ref(known), |_, _| None);
        assert_eq!((out.names(), out.problems().as_str()), (vec!["log.txt"], ""));
        out.requests.iter().any(|r| r.contains("log.txt"))
    };
    assert!(!fetched(&known(&crate::aws::stream::md5(text.as_bytes()))));
    assert!(fetched(&known("another")));
    let lost = Page { object: "0".repeat(64), ..known(&crate::aws::stream::md5(text.as_bytes())) };
    assert!(fetched(&lost), "the store no longer holds it");
}
