//! Removes secrets from an answer before it is hashed, and says where each was.
//!
//! Only the characters of the secret change: everything else of the answer stays byte for byte. What counts as one:
//! values under keys that a fetch names (`resource_url`, `database_password`), addresses of databases, users and
//! passwords in other addresses, signatures and tokens in their queries, passwords that tools print, and the source's
//! own credentials wherever they appear.

use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use model::evidence::Redaction;
use regex::bytes::Regex;

use super::Token;

/// What stands in place of a secret.
pub const REMOVED: &str = "[removed]";

/// User and password in an address; JSON may write its slashes with a backslash.
#[allow(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static USERINFO: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#":(?:\\?/){2}([^/\s"'@\\?#]+)@"#).unwrap());

/// Address of a database: user, password, host and name of it together are the key to it, and a password in one is often
/// not escaped.
#[allow(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static DATABASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:postgres(?:ql)?|mysql|rediss?|mongodb(?:\+srv)?|amqps?):(?:\\?/){2}((?:\\/|[^\s"'<>\\])+)"#)
        .unwrap()
});

/// Parameters that grant access, in queries, connection strings and environments; quoted with `'`, or in JSON with `\"`.
#[allow(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static GRANTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?ix) \b (?: (?:[a-z0-9]+[_-])* (?:pg)? (?:password|passwd|pwd) \x20?=\x20?
        | (?:x-amz-signature|x-amz-credential|x-amz-security-token|x-goog-signature|signature|sig|awsaccesskeyid
        | access_token|refresh_token|client_secret|token|secret|api_?key) = )
        ('(?:[^'"\\]|\\[^"])*' | \\"(?:[^"\\]|\\[^"])*\\" | (?:[^&\s"'\\]|\\[\\/u])+)"#,
    )
    .unwrap()
});

/// The credentials of a source. Whoever meets one on the way adds it, and from then on it is kept nowhere.
#[derive(Debug, Clone, Default)]
pub struct Hidden(Arc<Mutex<Vec<Token>>>);

impl Hidden {
    /// Adds one.
    pub fn add(&self, token: Token) {
        let mut all = self.lock();
        if !all.contains(&token) {
            all.push(token);
        }
    }

    /// Text of ours, or of a service, without secrets.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let (bytes, _) = scrub("", text.as_bytes().to_vec(), &[], &self.lock());
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Words of a service or a library: without secrets, on one line, and cut after so many characters. In this order:
    /// half a secret would not be known again.
    #[must_use]
    pub fn quote(&self, text: &str, most: usize) -> String {
        self.clean(text).split_whitespace().collect::<Vec<_>>().join(" ").chars().take(most).collect()
    }

    /// Those that are known now.
    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<Token>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Vec<Token>> for Hidden {
    fn from(tokens: Vec<Token>) -> Self {
        Self(Arc::new(Mutex::new(tokens)))
    }
}

/// The answer without secrets, and what was removed.
#[must_use]
pub fn scrub(document: &str, bytes: Vec<u8>, keys: &[&str], tokens: &[Token]) -> (Vec<u8>, Vec<Redaction>) {
    let strings = strings(&bytes);
    let mut cuts: Vec<(Range<usize>, &'static str)> = Vec::new();
    for text in strings.iter().filter(|t| t.under.iter().any(|k| keys.contains(&k.as_str())) && !t.inner.is_empty()) {
        cuts.push((text.inner.clone(), "value of a secret field"));
    }
    for found in DATABASE.captures_iter(&bytes).filter_map(|c| c.get(1)) {
        cuts.push((found.range(), "address of a database"));
    }
    for found in USERINFO.captures_iter(&bytes).filter_map(|c| c.get(1)) {
        cuts.push((found.range(), "user and password in an address"));
    }
    for found in GRANTS.captures_iter(&bytes).filter_map(|c| c.get(1)) {
        cuts.push((found.range(), "parameter that grants access"));
    }
    for token in tokens.iter().map(|t| t.expose().as_bytes()).filter(|t| t.len() >= 4) {
        let mut from = 0;
        while let Some(at) = memchr::memmem::find(&bytes[from..], token) {
            cuts.push((from + at..from + at + token.len(), "credential of this source"));
            from += at + token.len();
        }
    }
    if cuts.is_empty() {
        return (bytes, Vec::new());
    }
    cuts.sort_by_key(|(range, _)| (range.start, usize::MAX - range.end));
    let mut out = Vec::with_capacity(bytes.len());
    let mut redactions = Vec::new();
    let mut done = 0;
    for (range, what) in cuts {
        if range.start < done {
            // Two that overlap go as one, to the end of the later.
            done = done.max(range.end);
            continue;
        }
        if &bytes[range.clone()] == REMOVED.as_bytes() {
            continue;
        }
        out.extend_from_slice(&bytes[done..range.start]);
        out.extend_from_slice(REMOVED.as_bytes());
        let place = strings
            .iter()
            .find(|t| t.inner.start <= range.start && range.end <= t.inner.end)
            .map_or_else(|| line_of(&bytes, range.start), |t| t.pointer.clone());
        redactions.push(Redaction { document: document.to_owned(), place, what: what.to_owned() });
        done = range.end;
    }
    out.extend_from_slice(&bytes[done..]);
    (out, redactions)
}

fn line_of(bytes: &[u8], at: usize) -> String {
    format!("line:{}", 1 + bytes[..at].iter().filter(|b| **b == b'\n').count())
}

/// A text value of a JSON document.
struct Text {
    /// Between its quotes.
    inner: Range<usize>,
    pointer: String,
    /// Keys around it.
    under: Vec<String>,
}

enum Frame {
    Object { key: String, wants_key: bool },
    Array(usize),
}

/// All text values of a document, if it is JSON; the scan of anything else ends at its first oddity.
fn strings(bytes: &[u8]) -> Vec<Text> {
    let mut out = Vec::new();
    let mut frames: Vec<Frame> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => frames.push(Frame::Object { key: String::new(), wants_key: true }),
            b'[' => frames.push(Frame::Array(0)),
            b'}' | b']' => {
                frames.pop();
            }
            b',' => match frames.last_mut() {
                Some(Frame::Array(n)) => *n += 1,
                Some(Frame::Object { wants_key, .. }) => *wants_key = true,
                None => return out,
            },
            b'"' => {
                let Some(end) = end_of_text(bytes, at + 1) else { return out };
                let inner = at + 1..end;
                match frames.last_mut() {
                    Some(Frame::Object { key, wants_key }) if *wants_key => {
                        *key = serde_json::from_slice(&bytes[at..=end]).unwrap_or_default();
                        *wants_key = false;
                    }
                    _ => out.push(Text { inner, pointer: pointer(&frames), under: keys(&frames) }),
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    out
}

fn end_of_text(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn pointer(frames: &[Frame]) -> String {
    let part = |frame: &Frame| match frame {
        Frame::Object { key, .. } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Frame::Array(n) => format!("/{n}"),
    };
    frames.iter().map(part).collect()
}

fn keys(frames: &[Frame]) -> Vec<String> {
    frames
        .iter()
        .filter_map(|f| match f {
            Frame::Object { key, .. } => Some(key.clone()),
            Frame::Array(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scrubbed(text: &str, keys: &[&str], tokens: &[&str]) -> (String, Vec<String>) {
        let tokens: Vec<Token> = tokens.iter().map(|t| Token::new(t)).collect();
        let (bytes, redactions) = scrub("a.json", text.as_bytes().to_vec(), keys, &tokens);
        (String::from_utf8(bytes).unwrap(), redactions.into_iter().map(|r| r.place).collect())
    }

    #[test]
    fn secret_fields_go_and_the_rest_stays() {
        let (text, places) = scrubbed(
            r#"{ "name": "db",  "database_password":"hunter2", "list":[{"resource_url":"x"}], "deep": {"keys": {"a": "1"}} }"#,
            &["database_password", "resource_url", "keys"],
            &[],
        );
        assert_eq!(
            text,
            r#"{ "name": "db",  "database_password":"[removed]", "list":[{"resource_url":"[removed]"}], "deep": {"keys": {"a": "[removed]"}} }"#
        );
        assert_eq!(places, ["/database_password", "/list/0/resource_url", "/deep/keys/a"]);
    }

    #[test]
    fn addresses_lose_passwords_and_signatures() {
        let (text, places) = scrubbed(
            r#"["https://u:p%40ss@host:5432/db","https:\/\/me:pw@h/","https://b.s3/x?X-Amz-Expires=60&X-Amz-Signature=abc123&y=1","https://h/?a=b"]"#,
            &[],
            &[],
        );
        assert_eq!(
            text,
            r#"["https://[removed]@host:5432/db","https:\/\/[removed]@h/","https://b.s3/x?X-Amz-Expires=60&X-Amz-Signature=[removed]&y=1","https://h/?a=b"]"#
        );
        assert_eq!(places, ["/0", "/1", "/2"]);
    }

    #[test]
    fn addresses_of_databases_go_whole() {
        let (text, places) = scrubbed(
            r#"{"m":"lost postgres://u:p@s/s#word@host:5432/db?x=1 (retry)","n":"postgresql:\/\/u:p@h\/d","o":"redis://h"}"#,
            &[],
            &[],
        );
        let clean =
            r#"{"m":"lost postgres://[removed] (retry)","n":"postgresql:\/\/[removed]","o":"redis://[removed]"}"#;
        assert_eq!((text.as_str(), places.len()), (clean, 3));
        assert_eq!(scrubbed(clean, &[], &[]).0, clean);
    }

    #[test]
    fn passwords_go_as_tools_print_them() {
        let (text, _) = scrubbed(
            r#"["PGPASSWORD=abc pg_dump","host=h password='a b c' user=u","DATABASE_PASSWORD = abc","password=\"a b\" x","password=a\\b\u0041c end","the secret is out"]"#,
            &[],
            &[],
        );
        assert_eq!(
            text,
            r#"["PGPASSWORD=[removed] pg_dump","host=h password=[removed] user=u","DATABASE_PASSWORD = [removed]","password=[removed] x","password=[removed] end","the secret is out"]"#
        );
    }

    #[test]
    fn credentials_go_wherever_they_stand() {
        let (text, places) = scrubbed("<html>\nBearer tok-123-canary</html>", &[], &["tok-123-canary\n"]);
        assert_eq!(text, "<html>\nBearer [removed]</html>");
        assert_eq!(places, ["line:2"]);
    }

    #[test]
    fn credentials_that_overlap_go_whole() {
        let (text, _) = scrubbed("at sess-canary-tok-123 end", &[], &["sess-canary", "canary-tok-123"]);
        assert_eq!(text, "at [removed] end");
    }

    #[test]
    fn what_was_removed_is_not_removed_again() {
        let (once, _) = scrubbed(r#"{"password":"a","u":"https://a:b@c?token=d"}"#, &["password"], &[]);
        let (twice, places) = scrubbed(&once, &["password"], &[]);
        assert_eq!(once, twice);
        assert!(places.is_empty());
    }

    proptest! {
        #[test]
        fn json_stays_json(text in "[\\[\\]{}\",:a-z\\\\/@?=]{0,40}", secret in "[a-z]{4,8}") {
            let document = serde_json::json!({"a": [text, {"b/~": format!("{secret} x{secret}")}], "p": secret});
            let bytes = serde_json::to_vec(&document).unwrap();
            let (out, _) = scrub("d", bytes, &["p"], &[Token::new(&secret)]);
            let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(value["p"].as_str(), Some(REMOVED));
        }

        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = scrub("d", bytes, &["a"], &[]);
        }
    }
}
