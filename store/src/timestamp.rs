//! Timestamps (RFC 3161): a time-stamping authority's word that something with this SHA-256 existed at a time.
//!
//! A request ([`request`]) is made from the hash alone. Its nonce is too, so that the same hash gives the same bytes: the
//! old reply against which a nonce guards would be one over the same hash, and prove no less.
//!
//! Of a reply ([`read`]) it is read whether it was granted, and over what, when and under which policy it was made. The
//! authority's signature is *not* checked here: that takes its certificates, which nobody but the reader can vouch for, and
//! `openssl ts -verify`. So a reply that is accepted here fits what it lies beside; it may still be forged.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};
use model::time::Instant;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::layout;

/// Ending of the name of a request, which is that of what is stamped.
pub const REQUEST: &str = ".tsq";
/// Ending of the name of a reply, likewise.
pub const REPLY: &str = ".tsr";

/// `TimeStampReq` up to the hash: version 1, SHA-256 (RFC 3161 section 2.4.1).
const BEFORE_HASH: [u8; 24] = [
    0x30, 0x43, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
    0x01, 0x05, 0x00, 0x04, 0x20,
];
/// A nonce of eight bytes follows the hash.
const BEFORE_NONCE: [u8; 2] = [0x02, 0x08];
/// The certificates of the authority are wanted in the reply.
const WANTS_CERTIFICATES: [u8; 3] = [0x01, 0x01, 0xff];

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TIMESTAMP_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// Reasons of refusal by their bit (RFC 3161 section 2.4.2).
const REASONS: [(usize, &str); 8] = [
    (0, "it does not know the algorithm"),
    (2, "it does not allow the request"),
    (5, "it finds the request malformed"),
    (14, "its clock is not available"),
    (15, "it does not know the policy"),
    (16, "it does not know the extension"),
    (17, "it does not have the additional information"),
    (25, "it has failed"),
];

/// What a reply says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timestamp {
    /// SHA-256 of what is stamped, in lower-case hexadecimal.
    pub sha256: String,
    /// When it existed, by the authority's clock (UTC, cut to whole seconds).
    #[serde(with = "model::time::utc_seconds")]
    pub at: Instant,
    /// Number that the authority gave it, in hexadecimal.
    pub serial: String,
    /// Object identifier of the policy that it was made under.
    pub policy: String,
    /// Nonce of the request, where there was one.
    #[serde(skip)]
    nonce: Option<Vec<u8>>,
}

/// Why a reply is none to rely on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// Not a request or reply in the form of RFC 3161 (DER).
    #[error("{0} can't be read as RFC 3161 has it")]
    Garbled(&'static str),
    /// The authority refused.
    #[error("the authority refused to stamp: {0}")]
    Refused(String),
    /// Another hash than SHA-256.
    #[error("it is over a hash that is not SHA-256, the only one that is compared here; ask for one with SHA-256")]
    Algorithm,
    /// Over something else.
    #[error("it is over the SHA-256 {stamped}, not over {wanted}")]
    Imprint {
        /// What the reply is over.
        stamped: String,
        /// What it should be over.
        wanted: String,
    },
    /// An answer to another request.
    #[error("its nonce is not that of the request: it answers another one")]
    Nonce,
}

/// The request (`TimeStampReq`, DER) for a SHA-256 in lower-case hexadecimal; `None` for anything else.
#[must_use]
pub fn request(sha256: &str) -> Option<Vec<u8>> {
    if !layout::is_digest(sha256) {
        return None;
    }
    let mut nonce = Sha256::digest(format!("backproof timestamp of {sha256}"));
    // A positive number of exactly eight bytes.
    nonce[0] = nonce[0] & 0x7f | 0x40;
    let hash = (0..32).filter_map(|n| u8::from_str_radix(sha256.get(2 * n..2 * n + 2)?, 16).ok());
    let mut out = BEFORE_HASH.to_vec();
    out.extend(hash);
    out.extend(BEFORE_NONCE);
    out.extend(&nonce[..8]);
    out.extend(WANTS_CERTIFICATES);
    Some(out)
}

/// Reads a reply (`TimeStampResp`, DER).
///
/// # Errors
/// [`TimestampError::Garbled`], [`TimestampError::Refused`] and [`TimestampError::Algorithm`].
pub fn read(reply: &[u8]) -> Result<Timestamp, TimestampError> {
    const GARBLED: TimestampError = TimestampError::Garbled("the reply");
    let parts = whole(reply).ok_or(GARBLED)?;
    let status = parts.first().copied().and_then(sequence).ok_or(GARBLED)?;
    // Granted, or granted with modifications.
    if !matches!(status.first().ok_or(GARBLED)?.value(), [0 | 1]) {
        return Err(TimestampError::Refused(refusal(&status)));
    }
    let info = parts.get(1).copied().and_then(token).ok_or(GARBLED)?;
    stamped(info).ok_or(GARBLED)?
}

/// Reads a reply and compares it with the SHA-256 of what it should be over, and with the request, where there is one.
///
/// # Errors
/// Those of [`read`]; [`TimestampError::Imprint`] and [`TimestampError::Nonce`].
pub fn check(reply: &[u8], sha256: &str, request: Option<&[u8]>) -> Result<Timestamp, TimestampError> {
    let stamp = read(reply)?;
    let over = |wanted: &str| {
        if stamp.sha256 == wanted {
            Ok(())
        } else {
            Err(TimestampError::Imprint { stamped: stamp.sha256.clone(), wanted: wanted.to_owned() })
        }
    };
    over(sha256)?;
    if let Some(request) = request {
        let (asked, nonce) = asked(request)?;
        over(&asked)?;
        if nonce.is_some() && nonce != stamp.nonce {
            return Err(TimestampError::Nonce);
        }
    }
    Ok(stamp)
}

/// SHA-256 and nonce of a request.
fn asked(request: &[u8]) -> Result<(String, Option<Vec<u8>>), TimestampError> {
    const GARBLED: TimestampError = TimestampError::Garbled("the request");
    let parts = whole(request).ok_or(GARBLED)?;
    let sha256 = imprint(*parts.get(1).ok_or(GARBLED)?).ok_or(GARBLED)??;
    Ok((sha256, nonce(parts.get(2..).unwrap_or_default())))
}

/// `TSTInfo` in the token: `ContentInfo` > `SignedData` > `EncapsulatedContentInfo` > octets (RFC 5652).
fn token(content: AnyRef<'_>) -> Option<&[u8]> {
    let content = sequence(content)?;
    let signed = sequence(*explicit(&content, SIGNED_DATA)?.first()?)?;
    let inner = sequence(*signed.get(2)?)?;
    let octets = *explicit(&inner, TIMESTAMP_INFO)?.first()?;
    (octets.tag() == Tag::OctetString).then(|| octets.value())
}

/// What `TSTInfo` says.
fn stamped(info: &[u8]) -> Option<Result<Timestamp, TimestampError>> {
    let parts = whole(info)?;
    let policy = parts.get(1)?.decode_as::<ObjectIdentifier>().ok()?.to_string();
    let sha256 = match imprint(*parts.get(2)?)? {
        Ok(sha256) => sha256,
        Err(error) => return Some(Err(error)),
    };
    let serial = layout::hex(parts.get(3).filter(|p| p.tag() == Tag::Integer)?.value());
    let at = instant(*parts.get(4)?)?;
    Some(Ok(Timestamp { sha256, at, serial, policy, nonce: nonce(parts.get(5..).unwrap_or_default()) }))
}

/// The hash of a `MessageImprint`.
fn imprint(part: AnyRef<'_>) -> Option<Result<String, TimestampError>> {
    let parts = sequence(part)?;
    let algorithm = sequence(*parts.first()?)?.first()?.decode_as::<ObjectIdentifier>().ok()?;
    if algorithm != SHA256 {
        return Some(Err(TimestampError::Algorithm));
    }
    let hash = parts.get(1).filter(|p| p.tag() == Tag::OctetString)?.value();
    (hash.len() == 32).then(|| Ok(layout::hex(hash)))
}

/// The only INTEGER among the optional parts.
fn nonce(parts: &[AnyRef<'_>]) -> Option<Vec<u8>> {
    parts.iter().find(|p| p.tag() == Tag::Integer).map(|p| p.value().to_vec())
}

/// `GeneralizedTime` as RFC 3161 writes it: `YYYYMMDDhhmmss[.s…]Z`. A fraction is cut.
fn instant(part: AnyRef<'_>) -> Option<Instant> {
    if part.tag() != Tag::GeneralizedTime {
        return None;
    }
    let text = std::str::from_utf8(part.value()).ok()?.strip_suffix('Z')?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if seconds.len() != 14 || !digits(seconds) || !digits(fraction) {
        return None;
    }
    chrono::NaiveDateTime::parse_from_str(seconds, "%Y%m%d%H%M%S").ok().map(|t| t.and_utc())
}

/// The authority's words, or the reasons that its bits stand for.
fn refusal(status: &[AnyRef<'_>]) -> String {
    let mut why: Vec<String> = Vec::new();
    for part in status.get(1..).unwrap_or_default() {
        match part.tag() {
            Tag::Sequence => {
                let texts = sequence(*part).unwrap_or_default();
                why.extend(texts.iter().map(|text| layout::printable(&String::from_utf8_lossy(text.value()))));
            }
            Tag::BitString => {
                let bits = part.value().get(1..).unwrap_or_default();
                let set = |bit: usize| bits.get(bit / 8).is_some_and(|byte| byte & (0x80 >> (bit % 8)) != 0);
                why.extend(REASONS.iter().filter(|(bit, _)| set(*bit)).map(|(_, reason)| (*reason).to_owned()));
            }
            _ => {}
        }
    }
    if why.is_empty() { "it gives no reason".to_owned() } else { why.join("; ") }
}

/// Parts of a SEQUENCE that is all there is.
fn whole(bytes: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    sequence(AnyRef::from_der(bytes).ok()?)
}

/// Parts of a SEQUENCE.
fn sequence(value: AnyRef<'_>) -> Option<Vec<AnyRef<'_>>> {
    if value.tag() == Tag::Sequence { elements(value.value()) } else { None }
}

/// What stands in `[0]` behind this type, in a SEQUENCE of the two.
fn explicit<'a>(parts: &[AnyRef<'a>], wanted: ObjectIdentifier) -> Option<Vec<AnyRef<'a>>> {
    const ZERO: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber::N0 };
    let kind = parts.first()?.decode_as::<ObjectIdentifier>().ok()?;
    let inner = parts.get(1).filter(|p| kind == wanted && p.tag() == ZERO)?;
    elements(inner.value())
}

fn elements(bytes: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let mut out = Vec::new();
    while !reader.is_finished() {
        out.push(AnyRef::decode(&mut reader).ok()?);
    }
    Some(out)
}

#[cfg(test)]
pub(crate) mod tests;
