//! Uploads into S3 with Object Lock.
//!
//! An object is stored with its SHA-256, which the server compares, and under a lock until a date. What is there
//! already with the same SHA-256 is left, so an upload that broke off goes on where it was. What is there with another
//! one is never replaced: that would be another packet under the same name. A receipt holds what the server says of
//! the stored version, asked after the upload.

mod lock;
mod pages;

use std::path::PathBuf;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ObjectLockEnabled, ObjectLockMode, ObjectLockRetention, ObjectLockRetentionMode,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::{DateTime, base64};
use model::time::{Instant, utc_text};
use serde::Serialize;
use tokio::task::JoinSet;

use super::{ANSWER, UploadError, patience};
use crate::aws::refusal::echoes;
use crate::aws::session::{self, is_region};
use crate::net::{Hidden, Limits, transport};
use lock::Head;
pub use lock::{Lock, Mode};

/// Most bytes of one upload, by S3 itself.
const LARGEST: u64 = 5 << 30;
/// Uploads at a time.
const AT_A_TIME: usize = 8;
/// Most pages of a list of folders.
const PAGES: usize = 1_000;

/// Whom to ask, and as whom. What is not given comes from where every AWS tool takes it.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Address in place of AWS; https, or http on this machine.
    pub url: Option<String>,
    /// Region of the bucket.
    pub region: Option<String>,
    /// Profile of `~/.aws/config`.
    pub profile: Option<String>,
}

/// A file to upload.
#[derive(Debug, Clone)]
pub struct Item {
    /// Key in the bucket.
    pub key: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Size.
    pub bytes: u64,
    /// SHA-256, 64 hexadecimal digits.
    pub sha256: String,
    /// Media type.
    pub media: &'static str,
}

/// What was done for an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It was uploaded.
    Uploaded,
    /// It was there, and stays as it is.
    Kept,
    /// It was there, and its lock was set or extended.
    Locked,
}

/// What the server says of a stored object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Key.
    pub key: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256 that the server computed.
    pub sha256: String,
    /// Version that holds these bytes, whatever is stored under the key later.
    pub version_id: String,
    /// When it was stored, by the server's clock.
    pub stored_at: Option<String>,
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub mode: String,
    /// To when it is locked.
    pub retain_until: String,
}

/// A bucket with Object Lock.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
    /// Credentials that the client sent: no message repeats one.
    hidden: Hidden,
}

/// Refuses to send anything over plain http to another machine, wherever the address came from.
#[derive(Debug)]
struct Guard;

impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "Guard"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Ok(transport::fit(context.request().uri())?)
    }
}

impl Bucket {
    /// Finds the bucket, in whatever region it is, and makes sure that it has Object Lock.
    ///
    /// # Errors
    /// Where there is no such bucket, it may not be asked, or it has no Object Lock.
    pub async fn open(name: &str, access: &Access) -> Result<Self, UploadError> {
        let unfit = |message: String| UploadError {
            message,
            help: "give an https address, or an http address of this machine, with --endpoint".to_owned(),
        };
        let url = access.url.as_deref().map(transport::base).transpose().map_err(unfit)?;
        let limits = Limits {
            connect: Duration::from_secs(10),
            answer: ANSWER,
            silence: Duration::from_secs(30),
            attempts: 5,
            patience: Duration::from_secs(900),
            body: 64 << 20,
            pages: PAGES,
        };
        let (profile, region) = (access.profile.as_deref(), access.region.as_deref());
        let hidden = Hidden::default();
        let base = session::base(profile, region, &limits, url.as_deref(), hidden.clone()).load().await;
        let own_address = base.endpoint_url().is_some();
        let Some(mut region) = base.region().map(ToString::to_string).or(own_address.then(|| "us-east-1".to_owned()))
        else {
            return Err(UploadError {
                message: "no region is given".to_owned(),
                help: "give --region, or set AWS_REGION, or `region` in the profile".to_owned(),
            });
        };
        let mut moved = false;
        loop {
            if !is_region(&region) {
                return Err(UploadError {
                    message: format!("{region:?} is not a region"),
                    help: "give the bucket's region with --region, such as eu-west-1".to_owned(),
                });
            }
            let bucket =
                Self { client: client(&base, &region, own_address), name: name.to_owned(), hidden: hidden.clone() };
            let Err(error) = bucket.client.head_bucket().bucket(name).send().await else {
                bucket.locks().await?;
                return Ok(bucket);
            };
            let there = error.raw_response().and_then(|r| r.headers().get("x-amz-bucket-region")).map(str::to_owned);
            match there.filter(|there| *there != region) {
                Some(there) if !moved && !own_address => (region, moved) = (there, true),
                _ => {
                    let doing = format!("the bucket {name} could not be asked");
                    return Err(bucket.refused(&doing, "s3:ListBucket", error));
                }
            }
        }
    }

    async fn locks(&self) -> Result<(), UploadError> {
        let without = || {
            UploadError {
            message: format!("the bucket {} has no Object Lock, so nothing in it would be safe from change", self.name),
            help: "turn on versioning and Object Lock in the bucket's properties, or name another bucket; nothing was uploaded"
                .to_owned(),
        }
        };
        match self.client.get_object_lock_configuration().bucket(&self.name).send().await {
            Ok(told) => {
                let enabled = told.object_lock_configuration().and_then(|c| c.object_lock_enabled());
                if enabled == Some(&ObjectLockEnabled::Enabled) { Ok(()) } else { Err(without()) }
            }
            Err(e) if e.code() == Some("ObjectLockConfigurationNotFoundError") => Err(without()),
            Err(e) => {
                let doing = format!("whether the bucket {} has Object Lock could not be told", self.name);
                Err(self.refused(&doing, "s3:GetBucketObjectLockConfiguration", e))
            }
        }
    }

    /// Uploads and locks some files, several at a time, and tells of each as it is done. Receipts come in the order of
    /// the files.
    ///
    /// # Errors
    /// The first; what is stored by then stays, and is found there the next time.
    pub async fn put(
        &self,
        items: &[Item],
        lock: Lock,
        mut told: impl FnMut(&Item, Done),
    ) -> Result<Vec<Receipt>, UploadError> {
        let mut receipts: Vec<Option<Receipt>> = vec![None; items.len()];
        let mut waiting = items.iter().cloned().enumerate();
        let mut running = JoinSet::new();
        loop {
            while running.len() < AT_A_TIME
                && let Some((at, item)) = waiting.next()
            {
                let bucket = self.clone();
                running.spawn(async move { (at, bucket.one(&item, lock).await) });
            }
            let Some(joined) = running.join_next().await else { break };
            let (at, done) = joined.map_err(|e| UploadError {
                message: format!("an upload was broken off ({e})"),
                help: "publish again: what is stored is not uploaded twice".to_owned(),
            })?;
            let (done, receipt) = done?;
            if let (Some(item), Some(place)) = (items.get(at), receipts.get_mut(at)) {
                told(item, done);
                *place = Some(receipt);
            }
        }
        Ok(receipts.into_iter().flatten().collect())
    }

    async fn one(&self, item: &Item, lock: Lock) -> Result<(Done, Receipt), UploadError> {
        let sum = base64::encode(bytes(&item.sha256));
        let (done, head) = match self.head(&item.key, None).await? {
            None => (Done::Uploaded, self.upload(item, &sum, lock).await?),
            Some(head) if head.sum.as_deref() != Some(sum.as_str()) => {
                let how = if head.sum.is_some() { "with other bytes" } else { "without a SHA-256 to compare" };
                return Err(UploadError {
                    message: format!("s3://{}/{} is there already, {how}", self.name, item.key),
                    help: "what is there is not replaced, another packet of the same name least of all: publish under another prefix"
                        .to_owned(),
                });
            }
            Some(head) if head.holds(lock) => (Done::Kept, head),
            Some(head) => (Done::Locked, self.lock(&item.key, head, lock).await?),
        };
        let unsure = |what: &str| {
            UploadError {
            message: format!("s3://{}/{}: {what}", self.name, item.key),
            help: "the server does not do what S3 promises: publish to one that has versions, Object Lock and SHA-256 checksums".to_owned(),
        }
        };
        if head.sum.as_deref() != Some(sum.as_str()) {
            return Err(unsure("the server does not confirm its SHA-256"));
        }
        let (Some(version_id), Some(mode), Some(until)) = (head.version, head.mode, head.until) else {
            return Err(unsure("the server tells no version or no lock of it"));
        };
        let receipt = Receipt {
            key: item.key.clone(),
            bytes: item.bytes,
            sha256: item.sha256.clone(),
            version_id,
            stored_at: head.stored.map(utc_text),
            mode: mode.as_str().to_owned(),
            retain_until: utc_text(until),
        };
        Ok((done, receipt))
    }

    async fn upload(&self, item: &Item, sum: &str, lock: Lock) -> Result<Head, UploadError> {
        if item.bytes > LARGEST {
            return Err(UploadError {
                message: format!("{} is larger than 5 GiB, the most that S3 takes at once", item.path.display()),
                help: "withhold that object from the packet".to_owned(),
            });
        }
        let body = ByteStream::from_path(&item.path).await.map_err(|e| UploadError {
            message: format!("{} can't be read: {e}", item.path.display()),
            help: "mend permissions and publish again".to_owned(),
        })?;
        // The body goes out before the answer comes.
        let patience = patience(item.bytes);
        let timeouts = TimeoutConfig::builder().read_timeout(patience).operation_attempt_timeout(patience).build();
        let stored = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(&item.key)
            .content_type(item.media)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_sha256(sum)
            .object_lock_mode(match lock.mode {
                Mode::Governance => ObjectLockMode::Governance,
                Mode::Compliance => ObjectLockMode::Compliance,
            })
            .object_lock_retain_until_date(DateTime::from_secs(lock.until.timestamp()))
            .body(body)
            .customize()
            .config_override(Builder::new().timeout_config(timeouts))
            .send()
            .await
            .map_err(|e| {
                self.refused(&format!("{} was not stored", item.key), "s3:PutObject and s3:PutObjectRetention", e)
            })?;
        self.stored(&item.key, stored.version_id()).await
    }

    /// Sets a lock that is at least as long and fast as the one that is there.
    async fn lock(&self, key: &str, head: Head, lock: Lock) -> Result<Head, UploadError> {
        let compliance = lock.mode == Mode::Compliance || head.mode == Some(ObjectLockMode::Compliance);
        let until = head.until.map_or(lock.until, |there| there.max(lock.until));
        let retention = ObjectLockRetention::builder()
            .mode(if compliance { ObjectLockRetentionMode::Compliance } else { ObjectLockRetentionMode::Governance })
            .retain_until_date(DateTime::from_secs(until.timestamp()))
            .build();
        let ask = self.client.put_object_retention().bucket(&self.name).key(key).retention(retention);
        ask.set_version_id(head.version.clone())
            .send()
            .await
            .map_err(|e| self.refused(&format!("{key} was not locked"), "s3:PutObjectRetention", e))?;
        self.stored(key, head.version.as_deref()).await
    }

    async fn stored(&self, key: &str, version: Option<&str>) -> Result<Head, UploadError> {
        self.head(key, version).await?.ok_or_else(|| UploadError {
            message: format!("s3://{}/{key} was stored and is not there", self.name),
            help: "look who removes objects there, and publish again".to_owned(),
        })
    }

    async fn head(&self, key: &str, version: Option<&str>) -> Result<Option<Head>, UploadError> {
        let ask = self.client.head_object().bucket(&self.name).key(key).checksum_mode(ChecksumMode::Enabled);
        match ask.set_version_id(version.map(str::to_owned)).send().await {
            Ok(told) => Ok(Some(Head {
                version: told.version_id().filter(|v| *v != "null").map(str::to_owned),
                sum: told.checksum_sha256().map(str::to_owned),
                mode: told.object_lock_mode().cloned(),
                until: told.object_lock_retain_until_date().and_then(instant),
                stored: told.last_modified().and_then(instant),
            })),
            Err(e) if e.raw_response().is_some_and(|r| r.status().as_u16() == 404) => Ok(None),
            Err(e) => Err(self.refused(
                &format!("whether {key} is there could not be told"),
                "s3:GetObject, s3:GetObjectRetention and s3:ListBucket",
                e,
            )),
        }
    }

    /// What was refused, without what could repeat a secret.
    fn refused<E>(&self, doing: &str, actions: &str, error: SdkError<E, HttpResponse>) -> UploadError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let status = error.raw_response().map(|r| r.status().as_u16());
        let code = error.code().unwrap_or_default().to_owned();
        let said = match status {
            Some(status) => {
                let message = if echoes(&code) { "" } else { error.message().unwrap_or_default() };
                let parts = [status.to_string(), code.clone(), message.to_owned()];
                parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
            }
            None => DisplayErrorContext(&error).to_string(),
        };
        let help = match (status, code.as_str()) {
            (Some(403), _) | (_, "AccessDenied") => format!("allow {actions} to these credentials"),
            (Some(404), _) => "name a bucket that is there: s3://bucket/prefix".to_owned(),
            (None, _) => {
                "look at credentials, address and network, and publish again: what is stored is not uploaded twice"
                    .to_owned()
            }
            _ => "publish again: what is stored is not uploaded twice".to_owned(),
        };
        UploadError { message: self.hidden.clean(&format!("{doing} ({said})")), help }
    }
}

fn client(base: &SdkConfig, region: &str, own_address: bool) -> Client {
    let config = Builder::from(base)
        .region(Region::new(region.to_owned()))
        .force_path_style(own_address)
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .interceptor(Guard);
    Client::from_conf(config.build())
}

fn instant(at: &DateTime) -> Option<Instant> {
    Instant::from_timestamp(at.secs(), 0)
}

/// Bytes of a hexadecimal text; digits that are none count as 0, so that a wrong one matches nothing.
fn bytes(hex: &str) -> Vec<u8> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok()).unwrap_or_default();
    hex.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |byte, c| byte << 4 | digit(*c))).collect()
}

#[cfg(test)]
mod tests;
