//! One question to AWS: its name in the store, which tells everything that a run record would, and the permission that
//! it needs.
//!
//! Name: `aws/<account>/<region>/<service>/<operation>/[<option>=<value>/…]page-<number>.<form>`, with service, operation
//! and options as the AWS CLI spells them, and values in percent-encoding. A refusal is kept as
//! `…/error-<status>[-<code>].<form>`, because a body need not repeat its code. Forms: `json` and `xml` as they came, and
//! `headers` for answers that are nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Call;

/// Stands for an account that the service does not tell.
pub(crate) const NO_ACCOUNT: &str = "unknown";

/// One question, without its cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// Account (12 digits), or [`NO_ACCOUNT`].
    pub account: String,
    /// Region.
    pub region: String,
    /// Service as the CLI names it (`backup`, `rds`, `s3api`).
    pub service: &'static str,
    /// Operation as the CLI names it (`list-backup-jobs`).
    pub operation: &'static str,
    /// What was chosen, as options of the CLI without their dashes.
    pub options: BTreeMap<&'static str, String>,
    /// Top-level key (JSON) or element (XML) that a good answer holds; empty where none must be there.
    pub holds: &'static str,
    /// Cursor that it follows, for provenance.
    pub cursor: Option<String>,
    /// Page, from 1.
    pub page: usize,
}

impl Question {
    /// The same with an option of the CLI (`backup-vault-name`).
    #[must_use]
    pub(crate) fn with(mut self, option: &'static str, value: impl Into<String>) -> Self {
        self.options.insert(option, value.into());
        self
    }

    /// The same; its answer holds this key or element.
    #[must_use]
    pub(crate) fn holding(mut self, key: &'static str) -> Self {
        self.holds = key;
        self
    }

    /// The next page, behind this cursor.
    #[must_use]
    pub(crate) fn after(&self, cursor: &str) -> Self {
        Self { cursor: Some(cursor.to_owned()), page: self.page + 1, ..self.clone() }
    }

    /// Name of an answer of this form.
    pub(crate) fn name(&self, form: &str) -> String {
        format!("{}.{form}", self.place())
    }

    /// What a problem names where nothing is kept.
    pub(crate) fn place(&self) -> String {
        format!("{}page-{:04}", self.folder(), self.page)
    }

    /// Name of a refusal.
    pub(crate) fn refusal_name(&self, status: u16, code: &str, form: &str) -> String {
        let code = if code.is_empty() { String::new() } else { format!("-{}", encoded(code)) };
        format!("{}error-{status}{code}.{form}", self.folder())
    }

    fn folder(&self) -> String {
        let mut out = format!("aws/{}/{}/{}/{}/", self.account, self.region, self.service, self.operation);
        for (option, value) in &self.options {
            let _ = write!(out, "{option}={}/", encoded(value));
        }
        out
    }

    /// The permission that it needs (`backup:ListBackupJobs`).
    pub(crate) fn action(&self) -> String {
        action(self.service, self.operation)
    }
}

/// What the name of a kept answer tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// Account, where known.
    pub account: Option<String>,
    /// Region.
    pub region: String,
    /// Everything before the page: the same for all pages of one list.
    pub series: String,
    /// The call, as a command line would give it.
    pub call: Call,
    /// Page, from 1; or the refusal.
    pub part: Part,
    /// `json`, `xml` or `headers`.
    pub form: String,
}

/// Which part of an answer a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// A page, from 1.
    Page(usize),
    /// A refusal.
    Error {
        /// HTTP status.
        status: u16,
        /// Error code; empty where the service gave none.
        code: String,
    },
}

/// Takes the name of a kept answer apart; `None` for any other document.
pub(crate) fn told(name: &str) -> Option<Told> {
    let (folder, file) = name.rsplit_once('/')?;
    let mut parts = folder.strip_prefix("aws/")?.split('/');
    let (account, region) = (parts.next()?, parts.next()?);
    let (service, operation) = (parts.next()?, parts.next()?);
    let known = account == NO_ACCOUNT || (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()));
    if !known || !matches!(service, "backup" | "rds" | "s3api" | "sts" | "s3control") {
        return None;
    }
    let mut options = BTreeMap::from([("region".to_owned(), region.to_owned())]);
    for part in parts {
        let (option, value) = part.split_once('=')?;
        options.insert(option.to_owned(), decoded(value)?);
    }
    let (stem, form) = file.rsplit_once('.')?;
    if !matches!(form, "json" | "xml" | "headers") {
        return None;
    }
    let part = if let Some(number) = stem.strip_prefix("page-") {
        Part::Page(number.parse().ok().filter(|n| *n > 0)?)
    } else {
        let error = stem.strip_prefix("error-")?;
        let (status, code) = error.split_once('-').unwrap_or((error, ""));
        Part::Error { status: status.parse().ok()?, code: decoded(code)? }
    };
    Some(Told {
        account: Some(account.to_owned()).filter(|a| a != NO_ACCOUNT),
        region: region.to_owned(),
        series: folder.to_owned(),
        call: Call { service: service.to_owned(), operation: operation.to_owned(), words: Vec::new(), options },
        part,
        form: form.to_owned(),
    })
}

/// The IAM action of an operation. Most are its name; S3 has its own words (Service Authorization Reference).
pub(crate) fn action(service: &str, operation: &str) -> String {
    let own = match operation {
        "get-bucket-encryption" => "GetEncryptionConfiguration",
        "get-public-access-block" if service == "s3control" => "GetAccountPublicAccessBlock",
        "get-public-access-block" => "GetBucketPublicAccessBlock",
        "get-object-lock-configuration" => "GetBucketObjectLockConfiguration",
        "get-bucket-lifecycle-configuration" => "GetLifecycleConfiguration",
        "get-bucket-replication" => "GetReplicationConfiguration",
        "list-buckets" => "ListAllMyBuckets",
        "head-bucket" | "list-objects-v2" => "ListBucket",
        "list-object-versions" => "ListBucketVersions",
        "list-bucket-inventory-configurations" | "get-bucket-inventory-configuration" => "GetInventoryConfiguration",
        "head-object" => "GetObject",
        _ => "",
    };
    let prefix = if matches!(service, "s3api" | "s3control") { "s3" } else { service };
    if prefix == "s3" && !own.is_empty() {
        return format!("{prefix}:{own}");
    }
    format!("{prefix}:{}", pascal(operation))
}

/// `describe-db-snapshots` as `DescribeDBSnapshots`.
pub(super) fn pascal(operation: &str) -> String {
    let word = |word: &str| {
        if word == "db" {
            return "DB".to_owned();
        }
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    operation.split('-').map(word).collect()
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.:+@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?];
        out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn question() -> Question {
        Question {
            account: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
            service: "backup",
            operation: "list-recovery-points-by-backup-vault",
            options: BTreeMap::new(),
            holds: "",
            cursor: None,
            page: 1,
        }
    }

    #[test]
    fn names_tell_account_region_call_and_page() {
        let asked = question().with("backup-vault-name", "acme/x=y");
        let name = asked.after("token").name("json");
        assert_eq!(
            name,
            "aws/123456789012/eu-west-1/backup/list-recovery-points-by-backup-vault/backup-vault-name=acme%2Fx%3Dy/page-0002.json"
        );
        let told = told(&name).unwrap();
        assert_eq!(told.account.as_deref(), Some("123456789012"));
        assert_eq!((told.part, told.form.as_str()), (Part::Page(2), "json"));
        assert_eq!(told.call.options["backup-vault-name"], "acme/x=y");
        assert_eq!(told.call.options["region"], "eu-west-1");
    }

    #[test]
    fn refusals_keep_status_and_code() {
        let name = question().refusal_name(403, "AccessDenied", "xml");
        assert_eq!(told(&name).unwrap().part, Part::Error { status: 403, code: "AccessDenied".to_owned() });
        let name = question().refusal_name(404, "", "headers");
        assert_eq!(told(&name).unwrap().part, Part::Error { status: 404, code: String::new() });
    }

    #[test]
    fn other_names_are_not_taken_for_answers() {
        for name in [
            "list-backup-jobs.json",
            "aws/acme/list-backup-jobs.json",
            "aws/1234/eu-west-1/backup/list-backup-jobs/page-0001.json",
            "aws/123456789012/eu-west-1/ec2/describe-snapshots/page-0001.json",
            "aws/123456789012/eu-west-1/backup/list-backup-jobs/page-0000.json",
            "aws/123456789012/eu-west-1/backup/list-backup-jobs/page-0001.txt",
            "aws/123456789012/eu-west-1/backup/list-backup-jobs/x/page-0001.json",
            "aws/123456789012/eu-west-1/backup/list-backup-jobs/a=%G0/page-0001.json",
        ] {
            assert_eq!(told(name), None, "{name}");
        }
    }

    #[test]
    fn actions_are_those_of_the_authorization_reference() {
        for (service, operation, wanted) in [
            ("backup", "list-recovery-points-by-backup-vault", "backup:ListRecoveryPointsByBackupVault"),
            ("rds", "describe-db-cluster-snapshots", "rds:DescribeDBClusterSnapshots"),
            ("rds", "describe-events", "rds:DescribeEvents"),
            ("s3api", "get-bucket-encryption", "s3:GetEncryptionConfiguration"),
            ("s3api", "get-bucket-policy-status", "s3:GetBucketPolicyStatus"),
            ("s3api", "list-objects-v2", "s3:ListBucket"),
            ("s3control", "get-public-access-block", "s3:GetAccountPublicAccessBlock"),
        ] {
            assert_eq!(action(service, operation), wanted);
        }
    }

    proptest! {
        #[test]
        fn any_value_comes_back(value in ".{0,20}") {
            let name = question().with("x", value.clone()).name("json");
            prop_assert_eq!(&told(&name).unwrap().call.options["x"], &value);
        }

        #[test]
        fn nothing_panics(name in "aws/[a-z0-9%=/.-]{0,60}") {
            let _ = told(&name);
        }
    }
}
