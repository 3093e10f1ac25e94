use std::io::Write as _;
use std::time::Duration;

use http::HeaderMap;

use super::*;
use crate::net::Plain;
use crate::net::testing::{Reply, Server, context, limits, run, trail};
use crate::net::transport::Shape;

fn plain() -> Plain {
    Plain::new(HeaderMap::new(), Some(&Token::new("tok-canary-1")), &limits()).unwrap()
}

/// Asks once; the answer, if there was one, and the problems.
fn asked(answer: impl Fn(usize) -> Reply + Send + Sync + 'static) -> (Option<Answer>, Vec<Problem>, usize) {
    let server = Server::start(move |n, _| answer(n));
    let (mut trail, _, _stop) = trail();
    let ask = Ask::get("things.json", format!("{}/things", server.url), Shape::List);
    let answer = run(async { trail.ask(&plain(), &ask).await.unwrap() });
    (answer, trail.finish().problems, server.seen().len())
}

#[test]
fn a_good_answer_is_taken_at_once_with_the_token_in_its_header_only() {
    let server = Server::start(|_, _| Reply::json("[{\"id\":1}]"));
    let (mut trail, objects, _stop) = trail();
    let ask = Ask::get("things.json", format!("{}/things", server.url), Shape::List);
    run(async {
        let answer = trail.ask(&plain(), &ask).await.unwrap().unwrap();
        trail.keep(&ask, &answer, Some(1), None).unwrap();
    });
    let seen = server.seen();
    assert_eq!((seen.len(), seen[0].header("authorization")), (1, Some("Bearer tok-canary-1")));
    let collected = trail.finish();
    assert!(collected.problems.is_empty());
    assert_eq!(collected.pages[0].items, Some(1));
    assert_eq!(objects.everything(), "[{\"id\":1}]");
}

#[test]
fn what_passes_is_asked_again_and_what_does_not_is_told() {
    let good = || Reply::json("[]");
    let heals = |bad: fn() -> Reply| {
        let (answer, problems, requests) = asked(move |n| if n == 0 { bad() } else { good() });
        assert!(answer.is_some() && problems.is_empty() && requests == 2, "{problems:?} {requests}");
        assert_eq!(answer.unwrap().attempts, 2);
    };
    heals(|| Reply::status(500, ""));
    heals(|| Reply::status(502, "<html>bad gateway</html>"));
    heals(|| Reply::status(429, "").header("retry-after", "1"));
    heals(|| Reply::Raw(Vec::new()));
    heals(|| Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n[{".to_vec()));
    heals(|| Reply::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n[{".to_vec()));
    heals(|| Reply::json("[{"));
    heals(|| Reply::json("<html>login</html>"));
    heals(|| Reply::json("{\"message\":\"try later\"}"));
    let stays = |bad: fn() -> Reply, says: &str, most: usize| {
        let (answer, problems, requests) = asked(move |_| bad());
        assert!(answer.is_none() && problems.len() == 1, "{problems:?}");
        assert!(problems[0].message.contains(says), "{says}: {problems:?}");
        assert!(requests <= most, "{requests}");
    };
    stays(|| Reply::status(503, ""), "503", 3);
    stays(|| Reply::status(429, ""), "next attempt is due at", 1);
    stays(|| Reply::status(429, "").header("retry-after", "7200"), "next attempt is due at", 1);
    stays(|| Reply::json("[1]"), "no objects", 3);
    stays(|| Reply::json(&"[".repeat(100_000)), "no JSON", 3);
    stays(|| Reply::json(&"9".repeat(2 << 20)), "larger than", 1);
    stays(|| Reply::status(302, "").header("location", "https://elsewhere.example/x"), "another host", 1);
    stays(|| Reply::status(302, "").header("location", "/things"), "without end", 10);
    stays(|| Reply::status(304, ""), "304", 1);
}

#[test]
fn a_compressed_bomb_is_refused_before_it_grows() {
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    zipped.write_all(&vec![b' '; 64 << 20]).unwrap();
    let zipped = zipped.finish().unwrap();
    let (answer, problems, requests) =
        asked(move |_| Reply::Whole(200, vec![("content-encoding", "gzip".to_owned())], zipped.clone()));
    assert!(answer.is_none() && requests == 1);
    assert!(problems[0].message.contains("larger than"), "{problems:?}");
}

#[test]
fn a_refusal_is_an_answer() {
    for status in [401, 403, 404, 422] {
        let (answer, problems, requests) = asked(move |_| Reply::status(status, "{\"message\":\"no\"}"));
        assert!(problems.is_empty() && requests == 1);
        let answer = answer.unwrap();
        assert_eq!((answer.status.as_u16(), answer.message()), (status, "no"));
    }
}

#[test]
fn what_is_quoted_and_cut_holds_no_beginning_of_a_credential() {
    let token = "canary-0123456789abcdef".repeat(20);
    for words in [format!(r#"{{"message":"the credential {token} is refused"}}"#), format!("no entry with {token}")] {
        let server = Server::start(move |_, _| Reply::status(403, &words).header("x-request-id", "r-canary-012345"));
        let (mut trail, _, _stop) = trail();
        trail.hide(Token::new(&token));
        trail.hide(Token::new("r-canary-012345"));
        let ask = Ask::get("things.json", format!("{}/things", server.url), Shape::Any);
        run(async {
            let answer = trail.ask(&plain(), &ask).await.unwrap().unwrap();
            assert!(answer.message().contains("[removed]"), "{}", answer.message());
            trail.good(&ask, &answer);
            trail.note(format!("not determined: {}", String::from_utf8_lossy(&answer.body)));
            trail.keep(&ask, &answer, None, Some(&format!("after-{token}"))).unwrap();
        });
        let everything = format!("{:?}", trail.finish());
        assert!(!everything.contains("canary"), "{everything}");
    }
}

#[test]
fn a_known_state_is_asked_for_on_condition() {
    let server = Server::start(|n, seen| match (n, seen.header("if-none-match")) {
        (0, None) => Reply::json("[{\"id\":1}]").header("etag", "\"v1\""),
        (_, Some("\"v1\"")) => Reply::status(304, ""),
        other => panic!("{other:?}"),
    });
    let (mut first, objects, _stop) = trail();
    let ask = Ask::get("things.json", format!("{}/things", server.url), Shape::List);
    run(async {
        let answer = first.ask(&plain(), &ask).await.unwrap().unwrap();
        first.keep(&ask, &answer, Some(1), Some("next-1")).unwrap();
    });
    let page = first.finish().pages.remove(0);
    let (mut context, _stop) = context(objects);
    context.known = std::sync::Arc::new([(page.name.clone(), page.clone())].into());
    let mut second = Trail::new(context, Vec::new());
    run(async {
        let answer = second.ask(&plain(), &ask).await.unwrap().unwrap();
        assert_eq!(answer.items().len(), 1);
        assert_eq!(answer.unchanged.as_ref().and_then(|p| p.cursor_out.as_deref()), Some("next-1"));
        second.keep(&ask, &answer, Some(1), Some("next-1")).unwrap();
    });
    let again = second.finish().pages.remove(0);
    assert_eq!((again.object, again.etag, again.http_status), (page.object, page.etag, Some(304)));
}

#[test]
fn the_operator_is_obeyed_in_the_middle_of_an_answer_and_of_a_wait() {
    for bad in [|| Reply::Stall(Vec::new()), || Reply::status(429, "").header("retry-after", "2")] {
        let server = Server::start(move |_, _| bad());
        let (mut trail, _, stop) = trail();
        let ask = Ask::get("things.json", format!("{}/things", server.url), Shape::List);
        let halted = run(async {
            let plain = plain();
            let (done, ()) = tokio::join!(trail.ask(&plain, &ask), async {
                sleep(Duration::from_millis(200)).await;
                stop.send(true).unwrap();
            });
            done
        });
        assert!(matches!(halted, Err(Halt::Stopped)), "{halted:?}");
    }
}

#[test]
fn the_servers_clock_is_measured() {
    let server = Server::start(|_, _| {
        let date = chrono::Utc::now() + chrono::TimeDelta::hours(2);
        Reply::json("[]").header("date", date.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
    });
    let (mut trail, _, _stop) = trail();
    let ask = Ask::get("things.json", format!("{}/things", server.url), Shape::List);
    run(async { trail.ask(&plain(), &ask).await.unwrap() });
    let offset = trail.finish().clock_offset_ms.unwrap();
    assert!((7_198_000..7_202_000).contains(&offset), "{offset}");
}
