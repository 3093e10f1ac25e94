//! GitHub's limits. The primary one counts requests an hour and tells when the hour ends; secondary ones are about load
//! and tell how long to wait, or nothing. A 403 without these signs is a refusal.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use model::time::Instant;
use serde_json::Value;

use crate::net::manners::{http_date, retry_after};

/// Longest body that is looked into for GitHub's words.
const ERROR_BODY: usize = 64 << 10;

/// Recognises a limit: how long to wait, and why.
pub(super) fn limited(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Instant,
    attempt: u32,
) -> Option<(Duration, String)> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    // Clocks differ: what the server says of the future is measured on its own.
    let now = text("date").and_then(http_date).unwrap_or(now);
    let reset = || {
        let reset = text("x-ratelimit-reset")?.parse::<i64>().ok()?;
        let left = Instant::from_timestamp(reset, 0)? - now;
        // The hour ends within the second that is named.
        Some(left.to_std().unwrap_or_default() + Duration::from_secs(1))
    };
    let used_up = text("x-ratelimit-remaining") == Some("0");
    match status.as_u16() {
        403 | 429 => {}
        200 if is_graphql_limit(body) => {
            let wait =
                retry_after(headers, now).or_else(|| reset().filter(|_| used_up)).unwrap_or_else(|| slow(attempt));
            return Some((wait, "GitHub's rate limit for GraphQL is used up".to_owned()));
        }
        _ => return None,
    }
    if let Some(wait) = retry_after(headers, now) {
        return Some((wait, format!("GitHub answers {status} and asks to wait")));
    }
    if used_up {
        let wait = reset().unwrap_or_else(|| slow(attempt));
        return Some((wait, "GitHub's hourly rate limit is used up".to_owned()));
    }
    if status.as_u16() == 429 || is_secondary(body) {
        return Some((slow(attempt), "GitHub's secondary rate limit is reached".to_owned()));
    }
    None
}

/// A minute, doubled with each attempt.
fn slow(attempt: u32) -> Duration {
    Duration::from_secs(60 << attempt.saturating_sub(1).min(5))
}

fn is_secondary(body: &[u8]) -> bool {
    let head = String::from_utf8_lossy(body.get(..ERROR_BODY).unwrap_or(body)).to_ascii_lowercase();
    head.contains("secondary rate limit") || head.contains("abuse detection")
}

/// GraphQL tells of limits with status 200.
fn is_graphql_limit(body: &[u8]) -> bool {
    if body.len() > ERROR_BODY || memchr::memmem::find(body, b"\"errors\"").is_none() {
        return false;
    }
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return false };
    let errors = value.get("errors").and_then(Value::as_array).into_iter().flatten();
    errors.into_iter().any(|e| {
        let is = |key: &str, word: &str| e.get(key).and_then(Value::as_str).is_some_and(|t| t.contains(word));
        is("type", "RATE_LIMITED") || is("message", "secondary rate limit")
    })
}

#[cfg(test)]
mod tests {
    use model::time::instant;

    use super::*;

    fn wait(status: u16, pairs: &[(&'static str, &str)], body: &str, attempt: u32) -> Option<u64> {
        let headers = pairs.iter().map(|(k, v)| (http::HeaderName::from_static(k), v.parse().unwrap())).collect();
        let now = instant("2026-10-01T00:00:00Z", None).unwrap();
        limited(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes(), now, attempt)
            .map(|(w, _)| w.as_secs())
    }

    #[test]
    fn limits_and_refusals_are_told_apart() {
        let reset = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1790813000")];
        assert_eq!(wait(403, &reset, "", 1), Some(201));
        assert_eq!(wait(429, &reset, "", 1), Some(201));
        assert_eq!(wait(403, &[("retry-after", "30")], "", 1), Some(30));
        let secondary = "{\"message\":\"You have exceeded a secondary rate limit.\"}";
        assert_eq!((wait(403, &[], secondary, 1), wait(403, &[], secondary, 3)), (Some(60), Some(240)));
        assert_eq!(wait(429, &[], "", 1), Some(60));
        let refused = "{\"message\":\"Resource not accessible by personal access token\"}";
        assert_eq!(wait(403, &[("x-ratelimit-remaining", "4999")], refused, 1), None);
        assert_eq!(wait(200, &reset, "{\"data\":{}}", 1), None);
        assert_eq!(wait(404, &reset, "", 1), None);
    }

    #[test]
    fn the_servers_own_clock_counts() {
        let pairs = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1790813000"),
            ("date", "Thu, 01 Oct 2026 00:03:10 GMT"),
        ];
        assert_eq!(wait(403, &pairs, "", 1), Some(11));
    }

    #[test]
    fn graphql_tells_of_limits_with_status_200() {
        let body = r#"{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}"#;
        assert_eq!(
            wait(200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1790812810")], body, 1),
            Some(11)
        );
        assert_eq!(wait(200, &[], body, 2), Some(120));
        assert_eq!(wait(200, &[], r#"{"data":null,"errors":[{"type":"FORBIDDEN","message":"no"}]}"#, 1), None);
    }
}
