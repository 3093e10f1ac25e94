//! A bucket of a million keys: listed, kept and read in bounded memory.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

use serde_json::Value;

use crate::huge::watch;
use crate::support::{Workspace, source};

const PAGES: usize = 1000;
const KEYS: usize = 1000;

/// Most resident memory of the whole program, in MB.
const MEMORY: u64 = 300;

/// Key `n`: dumps of one database by the hour, then the segments of a log archive.
fn key(n: usize) -> String {
    let half = PAGES * KEYS / 2;
    match n.checked_sub(half) {
        None => format!("db/orders-{:08}.dump", 20_000_000 + n),
        Some(n) => format!("pg/wal_005/00000001{:08X}{:08X}.lz4", n / 256, n % 256),
    }
}

fn page(number: usize) -> String {
    let last = number + 1 == PAGES;
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>acme</Name><Prefix></Prefix><KeyCount>{KEYS}</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType>\
         <IsTruncated>{}</IsTruncated>",
        !last
    );
    if !last {
        let _ = write!(out, "<NextContinuationToken>{}</NextContinuationToken>", number + 1);
    }
    for n in number * KEYS..(number + 1) * KEYS {
        let _ = write!(
            out,
            "<Contents><Key>{}</Key><LastModified>2026-10-{:02}T{:02}:00:00.000Z</LastModified>\
             <ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>1048576</Size><StorageClass>STANDARD</StorageClass></Contents>",
            key(n),
            1 + n * 28 / (PAGES * KEYS),
            n % 24
        );
    }
    out + "</ListBucketResult>"
}

/// Answers what a server of one's own answers that knows little beside lists.
fn answer(stream: &TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) <= 2 {
                break;
            }
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let _ = reader.by_ref().take(length).read_to_end(&mut Vec::new());
        let (status, body) = if line.starts_with("HEAD") {
            (200, String::new())
        } else if line.contains("list-type=2") {
            let token =
                line.split("continuation-token=").nth(1).map(|t| t.split(['&', ' ']).next().unwrap_or_default());
            (200, page(token.map_or(0, |t| t.parse().unwrap())))
        } else if line.contains("?versioning") {
            (200, "<VersioningConfiguration/>".to_owned())
        } else {
            (501, "<Error><Code>NotImplemented</Code><Message>no</Message></Error>".to_owned())
        };
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}

#[test]
fn a_million_keys_are_listed_and_read_in_bounded_memory() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(&stream));
        }
    });
    let w = Workspace::empty();
    w.write(
        "backproof.toml",
        format!(
            "[organization]\nname = \"Example Robotics\"\ntimezone = \"UTC\"\n\n[sources.s3.acme]\nbuckets = [\"acme\"]\n\
             heads = false\nregion = \"eu-west-1\"\nurl = \"{url}\"\n"
        ),
    );
    let output = w.path().join("collected.json");
    let mut command = w.program();
    command.args(["collect", "--format", "json"]).stdout(File::create(&output).unwrap()).stderr(Stdio::null());
    command.env("HOME", w.path()).env("AWS_ACCESS_KEY_ID", "k").env("AWS_SECRET_ACCESS_KEY", "s");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let begun = std::time::Instant::now();
    let (code, text, peak) = watch(command.spawn().unwrap(), &output);
    eprintln!("a million keys: {peak} MB, {} s", begun.elapsed().as_secs());
    assert_eq!(code, Some(0), "{text}");
    let collection: Value = serde_json::from_str(&text).unwrap();
    let acme = source(&collection, "acme");
    assert_eq!(acme["status"], "complete", "{acme:#}");
    assert_eq!(acme["counts"]["recovery_points"], PAGES * KEYS / 2, "each dump is a recovery point");
    assert!(acme["counts"]["log_segments"].as_u64().unwrap() < 10_000, "segments are summed up: {:#}", acme["counts"]);
    assert_eq!(acme["counts"]["listings"], 2, "of the dumps, and of the archive's base backups");
    let ended = acme["end_of_list"].as_str().unwrap();
    assert!(ended.contains("1000 pages, 1000000 objects"), "{ended}");
    assert!(peak < MEMORY, "{peak} MB for a million keys");
}
