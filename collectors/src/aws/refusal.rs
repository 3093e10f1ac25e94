//! Refusals: what the codes of AWS mean, and what to do about them.

use super::capture::Raw;
use super::question::Question;
use crate::net::{Halt, Trail};

/// A refusal: the service understood, and says no.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// Error code; empty where there is none (answers to HEAD, pages of other programs).
    pub code: String,
    /// What it says, on one line.
    pub message: String,
    /// The answer.
    pub raw: Raw,
}

/// Codes for credentials that were good once.
const EXPIRED: &[&str] = &["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"];

/// Codes for credentials that the service does not know, or not in this region.
const UNKNOWN: &[&str] = &[
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Codes of refusals that repeat the whole request, its session token in several spellings.
const ECHOES: &[&str] = &["IncompleteSignature", "InvalidSignatureException", "SignatureDoesNotMatch"];

impl Refusal {
    /// True where the same credentials will get no other answer from this service in this region.
    pub(crate) fn ends_all(&self) -> bool {
        EXPIRED.contains(&self.code.as_str()) || UNKNOWN.contains(&self.code.as_str())
    }

    /// True where the credentials may not ask this.
    pub(crate) fn denied(&self) -> bool {
        self.code.contains("AccessDenied")
            || self.code.contains("Unauthorized")
            || self.code == "Forbidden"
            || (self.code.is_empty() && self.raw.status == 403)
    }

    /// Keeps it as an answer: the caller knows what the code means.
    ///
    /// # Errors
    /// [`Halt::Store`].
    pub(crate) fn keep(&self, trail: &mut Trail, question: &Question) -> Result<(), Halt> {
        self.raw.put(trail, question, self.name(question), (Some(0), None), None)
    }

    fn name(&self, question: &Question) -> String {
        question.refusal_name(self.raw.status, &self.code, self.raw.form())
    }

    /// Keeps it, and tells that the question stays open.
    ///
    /// # Errors
    /// [`Halt::Store`].
    pub(crate) fn report(&self, trail: &mut Trail, question: &Question) -> Result<(), Halt> {
        let status = self.raw.status;
        let said = match (self.code.is_empty(), self.message.is_empty()) {
            (true, true) => format!("{status}, and the answer is no error of AWS"),
            (true, false) => format!("{status}: {}", self.message),
            (false, true) => format!("{status} {}", self.code),
            (false, false) => format!("{status} {}: {}", self.code, self.message),
        };
        let text = if self.denied() {
            format!("not permitted ({said}): allow {} and collect again", question.action())
        } else if EXPIRED.contains(&self.code.as_str()) {
            format!("the credentials have expired ({said}): renew them and collect again")
        } else if UNKNOWN.contains(&self.code.as_str()) {
            format!(
                "the credentials are not known there ({said}): check them, and that the region is enabled for the account"
            )
        } else if status == 404 {
            format!("not found, or nothing that this server knows ({said}); what it asks for is not determined")
        } else {
            format!("refused ({said}); what it asks for is not determined")
        };
        trail.problem(&self.name(question), text);
        self.keep(trail, question)
    }
}

/// True for a refusal that repeats the request.
pub(crate) fn echoes(code: &str) -> bool {
    ECHOES.contains(&code)
}

/// Codes by which services say that they are asked too often (AWS SDK reference, "Retry behavior").
pub(super) fn throttled(code: &str) -> Option<&'static str> {
    const CODES: &[&str] = &[
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "SlowDown",
    ];
    CODES.contains(&code).then_some("it is asked too often")
}

/// Codes that tell of a clock that is off: the SDK has measured by how much and signs the next attempt accordingly.
pub(super) fn skewed(code: &str) -> Option<&'static str> {
    ["RequestTimeTooSkewed", "RequestInTheFuture"].contains(&code).then_some("the clock of this machine is off")
}
