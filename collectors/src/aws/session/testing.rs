//! Scopes that ask a server of a test, and what they brought as documents.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_config::{Region, SdkConfig};
use model::evidence::Page;
use model::workspace::{Setting, SourceConfig};

use super::{Scope, base};
use crate::Document;
use crate::net::testing::{Memory, limits};
use crate::net::{Hidden, Objects, Order, Trail};

/// Account of the tests.
pub(crate) const ACCOUNT: &str = "123456789012";

/// An order with these settings.
pub(crate) fn order(kind: &str, settings: &[(&str, Setting)]) -> Order {
    Order {
        source: SourceConfig {
            kind: kind.to_owned(),
            id: "test".to_owned(),
            path: None,
            timezone: None,
            covers: Vec::new(),
            settings: settings.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect(),
            declared_in: "backproof.toml:7".to_owned(),
        },
        secrets: BTreeMap::new(),
    }
}

/// Configuration for a server, with credentials that nobody checks and without the machine's environment.
pub(crate) async fn config(url: &str, hidden: Hidden) -> SdkConfig {
    let loader = base(None, None, &limits(), Some(url), hidden).test_credentials().empty_test_environment();
    loader.region(Region::new("eu-west-1")).load().await
}

/// A scope that asks a server for a trail.
pub(crate) async fn scope(url: &str, trail: &Trail) -> Scope {
    Scope {
        account: Some(ACCOUNT.to_owned()),
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
        config: config(url, trail.hidden()).await,
        own_address: true,
    }
}

/// The same with credentials of a session.
pub(crate) async fn with_token(url: &str, trail: &Trail, token: &str) -> Scope {
    use aws_sdk_sts::config::{Credentials, IdentityCache, SharedCredentialsProvider};
    let scope = scope(url, trail).await;
    let credentials =
        Credentials::new("ASIAEXAMPLEEXAMPLE00", "secret-of-a-test", Some(token.to_owned()), None, "test");
    let config = scope.config.to_builder().credentials_provider(SharedCredentialsProvider::new(credentials));
    Scope { config: config.identity_cache(IdentityCache::no_cache()).build(), ..scope }
}

/// What was kept, as `parse` sees it.
pub(crate) fn documents(pages: &[Page], objects: &Arc<Memory>) -> Vec<Document> {
    let mut out: Vec<Document> = pages
        .iter()
        .map(|p| Document::in_memory(p.name.clone(), p.object.as_str(), None, objects.get(&p.object).unwrap()))
        .collect();
    out.sort_by(|a, b| a.name().cmp(b.name()));
    out
}
