//! When to ask again, how long to wait before, and when to give up.
//!
//! Pure: an answer's status and headers go in, a [`Verdict`] comes out. How long a source may wait in all is the
//! trail's to count.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use model::time::Instant;

/// What to do with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Take it.
    Take,
    /// Ask again after a pause that grows with the attempts.
    Again(String),
    /// Ask again, but not before so much time has passed: the server limits the rate.
    Wait(Duration, String),
}

/// How a service says that it is asked too often.
pub type Limited = fn(StatusCode, &HeaderMap, &[u8], Instant, u32) -> Option<(Duration, String)>;

/// Judges an answer. `limited` knows the service's own way of limiting; what it does not recognise is judged by HTTP
/// alone (RFC 9110, RFC 6585): 429 and 503 with `Retry-After`, and errors of servers and gateways, which pass.
#[must_use]
pub fn judge(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Instant,
    attempt: u32,
    limited: Limited,
) -> Verdict {
    if let Some((wait, why)) = limited(status, headers, body, now, attempt) {
        return Verdict::Wait(wait, why);
    }
    match status.as_u16() {
        429 | 503 => match retry_after(headers, now) {
            Some(wait) => Verdict::Wait(wait, format!("the server answers {status} and asks to wait")),
            None if status.as_u16() == 429 => {
                Verdict::Wait(Duration::from_secs(60), format!("the server answers {status}: it is asked too often"))
            }
            None => Verdict::Again(format!("the server answers {status}")),
        },
        408 | 425 | 500 | 502 | 504 => Verdict::Again(format!("the server answers {status}")),
        _ => Verdict::Take,
    }
}

/// Nothing beyond HTTP itself.
#[must_use]
pub fn plain(_: StatusCode, _: &HeaderMap, _: &[u8], _: Instant, _: u32) -> Option<(Duration, String)> {
    None
}

/// `Retry-After`: seconds, or an HTTP date.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Instant) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    Some((http_date(text)? - now).to_std().unwrap_or_default())
}

/// An HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`).
#[must_use]
pub fn http_date(text: &str) -> Option<Instant> {
    chrono::DateTime::parse_from_rfc2822(text).ok().map(|t| t.to_utc())
}

/// The pause before the next attempt: half a second, doubled with each attempt up to half a minute, of which a random
/// half is waited at least, so that several clients do not come back at once.
#[must_use]
pub fn pause(attempt: u32, chance: f64) -> Duration {
    let whole = Duration::from_millis(500).saturating_mul(1 << attempt.saturating_sub(1).min(6));
    whole.min(Duration::from_secs(30)).mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (http::HeaderName::from_static(k), v.parse().unwrap())).collect()
    }

    fn at(text: &str) -> Instant {
        model::time::instant(text, None).unwrap()
    }

    fn verdict(status: u16, pairs: &[(&'static str, &str)]) -> Verdict {
        let now = at("2026-10-01T00:00:00Z");
        judge(StatusCode::from_u16(status).unwrap(), &headers(pairs), b"", now, 1, plain)
    }

    #[test]
    fn only_what_passes_is_asked_again() {
        for status in [200, 204, 206, 301, 304, 400, 401, 403, 404, 410, 422, 501] {
            assert_eq!(verdict(status, &[]), Verdict::Take, "{status}");
        }
        for status in [408, 500, 502, 503, 504] {
            assert!(matches!(verdict(status, &[]), Verdict::Again(_)), "{status}");
        }
    }

    #[test]
    fn a_limit_is_waited_out_as_long_as_the_server_says() {
        let wait = |pairs: &[(&'static str, &str)]| match verdict(429, pairs) {
            Verdict::Wait(wait, _) => wait.as_secs(),
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(&[]), 60);
        assert_eq!(wait(&[("retry-after", "7")]), 7);
        assert_eq!(wait(&[("retry-after", "Thu, 01 Oct 2026 00:02:00 GMT")]), 120);
        assert_eq!(wait(&[("retry-after", "Wed, 30 Sep 2026 00:02:00 GMT")]), 0);
        assert_eq!(wait(&[("retry-after", "soon")]), 60);
        assert!(matches!(verdict(503, &[("retry-after", "3")]), Verdict::Wait(w, _) if w.as_secs() == 3));
    }

    #[test]
    fn pauses_grow_and_differ() {
        assert_eq!(pause(1, 0.0), Duration::from_millis(250));
        assert_eq!(pause(1, 1.0), Duration::from_millis(500));
        assert!(pause(3, 0.0) > pause(1, 1.0));
        assert!(pause(u32::MAX, 1.0) <= Duration::from_secs(30));
    }
}
