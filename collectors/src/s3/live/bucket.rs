//! One bucket: where it is, and how it is set up.

use aws_sdk_s3::Client;

use crate::aws::capture::{Told, told};
use crate::aws::question::Question;
use crate::aws::session::Scope;
use crate::aws::stream::From;
use crate::net::{Halt, Trail};
use crate::s3::bucket::ABSENT;

/// A bucket that can be asked.
#[derive(Debug, Clone)]
pub(in crate::s3) struct Place {
    /// Name.
    pub bucket: String,
    /// Client of its region.
    pub client: Client,
    /// Account that must own it.
    pub owner: Option<String>,
    /// Session in its region.
    pub scope: Scope,
}

impl Place {
    fn new(scope: Scope, bucket: &str, owner: Option<String>) -> Self {
        Self { bucket: bucket.to_owned(), client: scope.s3(), owner, scope }
    }

    /// A question about it.
    pub(in crate::s3) fn question(&self, operation: &'static str) -> Question {
        self.scope.question("s3api", operation).with("bucket", &self.bucket)
    }

    /// Where its objects come from.
    pub(in crate::s3) fn from(&self) -> From<'_> {
        From { client: &self.client, owner: self.owner.as_deref(), aws: !self.scope.own_address() }
    }
}

/// Finds the region of a bucket. `None` where nothing can be asked of it; the problem is told.
///
/// # Errors
/// [`Halt::Stopped`], [`Halt::Store`], and [`Halt::Over`] where the credentials are good for nothing.
pub(in crate::s3) async fn open(
    trail: &mut Trail,
    scope: &Scope,
    bucket: &str,
    owner: Option<String>,
) -> Result<Option<Place>, Halt> {
    let mut place = Place::new(scope.clone(), bucket, owner);
    let mut moved = false;
    loop {
        let question = place.question("head-bucket");
        let told = told(trail, &question, |capture| {
            let ask = place.client.head_bucket().bucket(&place.bucket);
            ask.set_expected_bucket_owner(place.owner.clone()).customize().interceptor(capture).send()
        })
        .await?;
        let refusal = match told {
            Told::Answer(_, raw) => {
                raw.keep(trail, &question, Some(1), None)?;
                if raw.header("x-amz-bucket-region").is_none() {
                    trail.note(format!("{bucket}: the server does not tell its region"));
                }
                return Ok(Some(place));
            }
            Told::Nothing => return Ok(None),
            Told::Refused(refusal) => refusal,
        };
        let there = refusal.raw.header("x-amz-bucket-region").filter(|r| *r != place.scope.region && is_region(r));
        match there.map(str::to_owned) {
            Some(region) if !moved && !scope.own_address() => {
                moved = true;
                place = Place::new(scope.elsewhere(&region), bucket, place.owner);
                continue;
            }
            _ => {}
        }
        if refusal.raw.status == 404 {
            let message =
                format!("there is no bucket {bucket}; correct `buckets`, or `region` for a server of your own");
            trail.problem(&question.name("headers"), message);
            refusal.keep(trail, &question)?;
            return Ok(None);
        }
        if !refusal.denied() {
            refusal.report(trail, &question)?;
            return Ok(None);
        }
        let message = match &place.owner {
            Some(owner) => format!(
                "not permitted, or no bucket of account {owner} (403): allow s3:ListBucket, or set `owner` to the account \
                 that it belongs to"
            ),
            None => "not permitted (403): allow s3:ListBucket and collect again".to_owned(),
        };
        trail.problem(&question.name("headers"), message);
        refusal.keep(trail, &question)?;
        // Its settings may still be readable.
        return Ok(Some(place));
    }
}

/// It becomes part of a host name.
fn is_region(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

macro_rules! settings {
    ($trail:expr, $place:expr, $(($operation:literal, $holds:literal, $call:ident)),+ $(,)?) => {
        $(
            let question = $place.question($operation).holding($holds);
            let answer = told($trail, &question, |capture| {
                let ask = $place.client.$call().bucket(&$place.bucket);
                ask.set_expected_bucket_owner($place.owner.clone()).customize().interceptor(capture).send()
            })
            .await?;
            settled($trail, $place, &question, answer)?;
        )+
    };
}

/// Asks for every setting. One that cannot be had is a problem, and the others are still asked.
///
/// # Errors
/// As [`open`].
pub(super) async fn settings(trail: &mut Trail, place: &Place) -> Result<(), Halt> {
    settings!(
        trail,
        place,
        ("get-bucket-encryption", "ServerSideEncryptionConfiguration", get_bucket_encryption),
        ("get-bucket-versioning", "", get_bucket_versioning),
        ("get-object-lock-configuration", "ObjectLockConfiguration", get_object_lock_configuration),
        ("get-bucket-lifecycle-configuration", "Rules", get_bucket_lifecycle_configuration),
        ("get-bucket-replication", "ReplicationConfiguration", get_bucket_replication),
        ("get-public-access-block", "PublicAccessBlockConfiguration", get_public_access_block),
        ("get-bucket-policy", "Statement", get_bucket_policy),
        ("get-bucket-policy-status", "PolicyStatus", get_bucket_policy_status),
        ("get-bucket-ownership-controls", "OwnershipControls", get_bucket_ownership_controls),
        ("get-bucket-logging", "", get_bucket_logging),
    );
    Ok(())
}

/// Keeps an answer, and what means "not configured"; everything else leaves the setting undetermined. True for an answer.
///
/// # Errors
/// [`Halt::Store`], and [`Halt::Over`] where the credentials are good for nothing.
pub(super) fn settled<O>(
    trail: &mut Trail,
    place: &Place,
    question: &Question,
    told: Told<O>,
) -> Result<Option<O>, Halt> {
    let refusal = match told {
        Told::Answer(output, raw) => {
            raw.keep(trail, question, Some(1), None)?;
            return Ok(Some(output));
        }
        Told::Nothing => return Ok(None),
        Told::Refused(refusal) => refusal,
    };
    let status = refusal.raw.status;
    if status == 404 && ABSENT.contains(&refusal.code.as_str()) {
        trail.permission(question.action());
        refusal.keep(trail, question)?;
    } else if place.scope.own_address() && lacks(status, &refusal.code) {
        trail.note(format!(
            "{}: this server has no {} ({status} {}), so it is not determined",
            place.bucket, question.operation, refusal.code
        ));
        refusal.keep(trail, question)?;
    } else {
        refusal.report(trail, question)?;
        if refusal.ends_all() {
            return Err(Halt::Over);
        }
    }
    Ok(None)
}

/// True where a server says that it does not know the call at all.
fn lacks(status: u16, code: &str) -> bool {
    matches!(
        (status, code),
        (501, _) | (405, "MethodNotAllowed") | (400 | 404, "NotImplemented" | "UnsupportedOperation")
    )
}
