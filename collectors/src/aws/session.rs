//! Sessions with AWS: one for each account (role) and region.
//!
//! Credentials come from where every AWS tool takes them (environment, profile, web identity, ECS, IMDS); the
//! configuration chooses among them and never holds one. Each `role_arn` is assumed from those credentials and stands for
//! one account. Who that is, is asked first (`sts:GetCallerIdentity`, which needs no permission).

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, ConfigLoader, Region, SdkConfig};
use model::time::{Instant, utc_text};
use model::workspace::{Key, Takes};

use super::capture::{self, Told};
use super::question::{NO_ACCOUNT, Question};
use super::watched;
use crate::net::{Halt, Hidden, Limits, Order, Trail, stopped, transport};

/// Longest to look for credentials: a machine without any must not wait for a metadata service that is not there.
const CREDENTIALS: Duration = Duration::from_secs(10);

/// Keys of every AWS source.
pub(crate) const REGIONS: Key = Key {
    name: "regions",
    takes: Takes::List,
    says: "Regions to ask, such as [\"eu-west-1\", \"us-east-1\"]; default: the one region of the environment or profile.",
};
/// One region.
pub(crate) const REGION: Key = Key {
    name: "region",
    takes: Takes::Text,
    says: "The region to ask, where it is one; the same as `regions` with one.",
};
/// Profile.
pub(crate) const PROFILE: Key = Key {
    name: "profile",
    takes: Takes::Text,
    says: "Profile of ~/.aws/config to take credentials from; default: the standard order (environment, profile, role of the machine).",
};
/// Roles.
pub(crate) const ROLE_ARN: Key = Key {
    name: "role_arn",
    takes: Takes::List,
    says: "Roles to assume from those credentials, one for each account to ask; default: ask as the credentials are.",
};
/// External id.
pub(crate) const EXTERNAL_ID: Key = Key {
    name: "external_id",
    takes: Takes::Text,
    says: "External id that the roles demand; it is an agreed name, no secret.",
};
/// Endpoint.
pub(crate) const URL: Key = Key {
    name: "url",
    takes: Takes::Text,
    says: "Address to ask in place of AWS, for servers that speak its protocol; https, or http on this machine.",
};

/// All of them.
pub(crate) const KEYS: &[Key] = &[REGIONS, REGION, PROFILE, ROLE_ARN, EXTERNAL_ID, URL];

/// One account in one region.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// Account (12 digits), where the service tells.
    pub account: Option<String>,
    /// Partition of its ARNs (`aws`, `aws-cn`, `aws-us-gov`).
    pub partition: String,
    /// Region.
    pub region: String,
    config: SdkConfig,
    own_address: bool,
}

impl Scope {
    /// A client of AWS Backup.
    pub(crate) fn backup(&self) -> aws_sdk_backup::Client {
        aws_sdk_backup::Client::new(&self.config)
    }

    /// A client of RDS.
    pub(crate) fn rds(&self) -> aws_sdk_rds::Client {
        aws_sdk_rds::Client::new(&self.config)
    }

    /// A client of S3; a server of one's own is asked with the bucket in the path, as it has one name only.
    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(self.own_address);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// True where it is not AWS that is asked.
    pub(crate) const fn own_address(&self) -> bool {
        self.own_address
    }

    /// The same account in another region (buckets may lie anywhere).
    pub(crate) fn elsewhere(&self, region: &str) -> Self {
        Self {
            region: region.to_owned(),
            config: self.config.to_builder().region(Region::new(region.to_owned())).build(),
            ..self.clone()
        }
    }

    /// A question to it.
    pub(crate) fn question(&self, service: &'static str, operation: &'static str) -> Question {
        Question {
            account: self.account.clone().unwrap_or_else(|| NO_ACCOUNT.to_owned()),
            region: self.region.clone(),
            service,
            operation,
            options: BTreeMap::new(),
            holds: "",
            cursor: None,
            page: 1,
        }
    }
}

/// Opens a session for each account and region of the order. An account whose identity cannot be had is a problem; the
/// others are still asked.
///
/// # Errors
/// [`Halt::Over`] where there is nothing to ask; the problem is told.
pub(crate) async fn open(order: &Order, trail: &mut Trail) -> Result<Vec<Scope>, Halt> {
    let limits = trail.context.limits;
    let url = address(order.source.text("url"), "`url`", order, trail)?;
    let (profile, region) = (order.source.text("profile"), order.source.list("regions").first().map(String::as_str));
    let region = region.or(order.source.text("region"));
    let base = bounded(trail, base(profile, region, &limits, url.as_deref(), trail.hidden()).load()).await?;
    let Some(base) = base else {
        let text = format!("the AWS configuration could not be read within {} s", limits.answer.as_secs());
        return over(trail, &order.source.declared_in, text);
    };
    // The environment and the profile may name an address as well.
    let url = address(base.endpoint_url(), "AWS_ENDPOINT_URL", order, trail)?;
    scopes(order, &base, url.as_deref(), trail).await
}

/// An address to ask, where `key` names one.
fn address(given: Option<&str>, key: &str, order: &Order, trail: &mut Trail) -> Result<Option<String>, Halt> {
    match given.map(transport::base).transpose() {
        Ok(url) => Ok(url),
        Err(why) => over(trail, &order.source.declared_in, format!("{key}: {why}")),
    }
}

/// Scopes of an order, on a configuration.
async fn scopes(order: &Order, base: &SdkConfig, url: Option<&str>, trail: &mut Trail) -> Result<Vec<Scope>, Halt> {
    let regions = regions(order, base);
    let Some(first) = regions.first() else {
        let text = "no region is given: set `region`, or AWS_REGION, or `region` in the profile".to_owned();
        return over(trail, &order.source.declared_in, text);
    };
    if let Some(bad) = regions.iter().find(|r| !is_region(r)) {
        return over(trail, &order.source.declared_in, format!("\"{bad}\" is not a region"));
    }
    trail.endpoint(match url {
        Some(url) => format!("{url} ({})", regions.join(", ")),
        None => format!("AWS, {}", regions.join(", ")),
    });
    let mut scopes = Vec::new();
    let mut who = Vec::new();
    let roles = order.source.list("role_arn");
    let accounts: Vec<Option<&String>> = if roles.is_empty() { vec![None] } else { roles.iter().map(Some).collect() };
    for role in accounts {
        let config = match role {
            Some(role) => assumed(order, base, role, first).await,
            None => base.clone(),
        };
        let scope = Scope {
            account: None,
            partition: "aws".to_owned(),
            region: first.clone(),
            config,
            own_address: url.is_some(),
        };
        if let Some((known, name)) = identity(trail, scope, role).await? {
            if known.account.is_some() && scopes.iter().any(|other: &Scope| other.account == known.account) {
                let text =
                    format!("{name} is in an account that another role of this source stands for; it is left out");
                trail.problem(&order.source.declared_in, text);
                continue;
            }
            who.push(name);
            scopes.extend(regions.iter().map(|region| known.elsewhere(region)));
        }
    }
    if !who.is_empty() {
        trail.identity(who.join(", "));
    }
    if scopes.is_empty() { Err(Halt::Over) } else { Ok(scopes) }
}

/// Notes that the service has forgotten what was before `from`, where nobody has looked since: what `lists` back to then
/// only, and what is `lost` by it.
pub(crate) fn reach(trail: &mut Trail, from: Instant, lists: &str, lost: &str) {
    if let Some(last) = trail.context.last_complete.filter(|last| *last < from) {
        let (last, from) = (utc_text(last), utc_text(from));
        trail.note(format!("the last complete collection ended {last}, and {lists} back to {from} only: {lost}"));
    }
}

fn over<T>(trail: &mut Trail, place: &str, text: String) -> Result<T, Halt> {
    trail.problem(place, text);
    Err(Halt::Over)
}

/// Runs to its end, but not past the time for an answer, nor past Ctrl-C.
async fn bounded<T>(trail: &Trail, work: impl Future<Output = T>) -> Result<Option<T>, Halt> {
    let mut stop = trail.context.stop.clone();
    tokio::select! {
        done = tokio::time::timeout(trail.context.limits.answer, work) => Ok(done.ok()),
        () = stopped(&mut stop) => Err(Halt::Stopped),
    }
}

/// Configuration by the standard chain.
pub(crate) fn base(
    profile: Option<&str>,
    region: Option<&str>,
    limits: &Limits,
    url: Option<&str>,
    hidden: Hidden,
) -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(limits.connect)
        .read_timeout(limits.answer)
        .operation_attempt_timeout(limits.answer)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(watched::client(hidden))
        .timeout_config(timeouts)
        // Attempts are the trail's: it waits, counts and can be stopped.
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .identity_cache(IdentityCache::lazy().load_timeout(limits.answer.min(CREDENTIALS)).build())
        .stalled_stream_protection(StalledStreamProtectionConfig::enabled().grace_period(limits.silence).build());
    if let Ok(name) = AppName::new(concat!("backproof-", env!("CARGO_PKG_VERSION"))) {
        loader = loader.app_name(name);
    }
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(url) = url {
        loader = loader.endpoint_url(url);
    }
    loader
}

fn regions(order: &Order, base: &SdkConfig) -> Vec<String> {
    let mut out: Vec<String> = order.source.list("regions").to_vec();
    out.extend(order.source.text("region").map(str::to_owned));
    if out.is_empty() {
        out.extend(base.region().map(ToString::to_string));
    }
    let mut seen = std::collections::BTreeSet::new();
    out.retain(|region| seen.insert(region.clone()));
    out
}

/// It becomes part of host names.
pub(crate) fn is_region(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 32
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The same configuration, as a role.
async fn assumed(order: &Order, base: &SdkConfig, role: &str, region: &str) -> SdkConfig {
    let mut builder = AssumeRoleProvider::builder(role)
        .session_name("backproof")
        .configure(base)
        .region(Region::new(region.to_owned()));
    if let Some(id) = order.source.text("external_id") {
        builder = builder.external_id(id);
    }
    let provider = builder.build().await;
    let cache = IdentityCache::lazy().load_timeout(CREDENTIALS.saturating_mul(2)).build();
    base.to_builder()
        .credentials_provider(aws_sdk_sts::config::SharedCredentialsProvider::new(provider))
        .identity_cache(cache)
        .build()
}

/// Asks who it is. `None` where that cannot be had, and nothing else could.
async fn identity(trail: &mut Trail, scope: Scope, role: Option<&String>) -> Result<Option<(Scope, String)>, Halt> {
    let client = aws_sdk_sts::Client::new(&scope.config);
    let mut question = scope.question("sts", "get-caller-identity").holding("Account");
    if let Some(role) = role {
        question = question.with("role-arn", role);
    }
    let told =
        capture::told(trail, &question, |capture| client.get_caller_identity().customize().interceptor(capture).send())
            .await?;
    match told {
        Told::Answer(output, raw) => {
            let account = output.account().unwrap_or_default().to_owned();
            let arn = output.arn().unwrap_or_default().to_owned();
            if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
                trail.problem(
                    &question.name(raw.form()),
                    "sts get-caller-identity names no account; nothing more is asked",
                );
                return Ok(None);
            }
            question.account.clone_from(&account);
            raw.keep(trail, &question, Some(1), None)?;
            let partition = super::arn_part(&arn, 1).unwrap_or("aws").to_owned();
            Ok(Some((Scope { account: Some(account), partition, ..scope }, arn)))
        }
        Told::Refused(refusal) if scope.own_address && role.is_none() => {
            trail.note(format!(
                "the server does not tell who asks (sts get-caller-identity: {} {}), so accounts are called \"{NO_ACCOUNT}\"",
                refusal.raw.status, refusal.code
            ));
            Ok(Some((scope, "credentials of the AWS environment, account not told".to_owned())))
        }
        Told::Refused(refusal) => {
            refusal.report(trail, &question)?;
            Ok(None)
        }
        Told::Nothing => Ok(None),
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
