//! Names in OSCAL: UUIDs that are the same for the same thing, control ids, and texts in the forms that its datatypes
//! allow.

use sha1::{Digest, Sha1};

/// Namespace of URLs (RFC 9562, section 6.6), from which ours is made.
const URLS: [u8; 16] = [0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];

/// Namespace of our properties and facets.
pub(super) const NAMESPACE: &str = "urn:backproof:oscal";

/// Makes UUIDs of version 5 (RFC 9562): SHA-1 over a namespace and a name, so that no chance is in them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids([u8; 16]);

impl Ids {
    /// Below our own namespace.
    pub(super) fn of(name: &str) -> Self {
        Self(Self(Self(URLS).bytes(NAMESPACE)).bytes(name))
    }

    /// The UUID of a name.
    pub(super) fn uuid(self, name: &str) -> String {
        let hex: String = self.bytes(name).iter().map(|b| format!("{b:02x}")).collect();
        let (a, rest) = hex.split_at(8);
        let (b, rest) = rest.split_at(4);
        let (c, rest) = rest.split_at(4);
        let (d, e) = rest.split_at(4);
        format!("{a}-{b}-{c}-{d}-{e}")
    }

    fn bytes(self, name: &str) -> [u8; 16] {
        let digest = Sha1::new().chain_update(self.0).chain_update(name.as_bytes()).finalize();
        let mut out = [0; 16];
        out.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        out[6] = out[6] & 0x0f | 0x50;
        out[8] = out[8] & 0x3f | 0x80;
        out
    }
}

/// A text on one line, without blanks at its ends and never empty: `StringDatatype` and `MarkupLineDatatype`.
pub(super) fn line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(" ") }
}

/// Id of a control as a `TokenDatatype`.
///
/// Those of NIST SP 800-53 are as in NIST's own catalogue (`CP-9(1)` is `cp-9.1`), so that tools can join them. Others
/// have no catalogue: they are the framework's id and theirs, brackets as points.
pub(super) fn control(framework: &str, control: &str) -> String {
    let pointed = control.replace(['(', ' ', '/'], ".").replace(')', "");
    let plain: String = pointed.chars().filter(|c| c.is_alphanumeric() || ".-_".contains(*c)).collect();
    if framework == "nist80053" { plain.to_lowercase() } else { format!("{}_{plain}", word(framework)) }
}

/// A word as a `TokenDatatype`.
pub(super) fn word(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_alphanumeric() || ".-_".contains(c) { c } else { '-' }).collect();
    if plain.starts_with(|c: char| c.is_alphabetic() || c == '_') { plain } else { format!("_{plain}") }
}

/// The path of a file as a relative reference (RFC 3986, section 4.2).
pub(super) fn reference(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._~-".contains(&b);
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::controls::Controls;

    use super::*;

    #[test]
    fn uuids_are_those_of_every_other_implementation() {
        // Python: uuid5(uuid5(uuid5(NAMESPACE_URL, "urn:backproof:oscal"), "a"), "b").
        assert_eq!(Ids(URLS).uuid("http://python.org/"), "4c565f0d-3f5a-5890-b41b-20cf47701c5e");
        assert_eq!(Ids::of("a").uuid("b"), "7ee110c1-4334-502b-804b-02da53c7f30f");
        assert_ne!(Ids::of("a").uuid("b"), Ids::of("b").uuid("a"));
    }

    #[test]
    fn texts_take_the_form_of_their_datatype() {
        assert_eq!(line("  a\n b\u{1b}c "), "a b c");
        assert_eq!(line(" \n"), "-");
        assert_eq!(word("9 lives"), "_9-lives");
        assert_eq!(control("nist80053", "CP-9(1)"), "cp-9.1");
        assert_eq!(control("hipaa", "164.308(a)(7)(ii)(A)"), "hipaa_164.308.a.7.ii.A");
    }

    #[test]
    fn no_two_controls_share_an_id() {
        let mut seen = BTreeSet::new();
        for framework in &Controls::embedded().frameworks {
            for c in &framework.controls {
                assert!(seen.insert(control(&framework.id, &c.id)), "{} {}", framework.id, c.id);
            }
        }
        assert!(seen.len() > 200);
    }
}
