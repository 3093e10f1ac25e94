//! Notes the credentials that leave this machine, so that an answer which says one back is kept without it.
//!
//! The SDK also asks on its own: for a role that a profile assumes, at SSO, at the machine's metadata service. Only the
//! client that sends all of its questions sees what those bring. A secret key never leaves: it signs.

use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;

use crate::net::{Hidden, Token};

/// Headers whose value is a credential: of a session, of a metadata service, of SSO.
const HEADERS: [&str; 3] = ["x-amz-security-token", "x-aws-ec2-metadata-token", "x-amz-sso_bearer_token"];

/// The client of everything that is asked of AWS.
pub(super) fn client(hidden: Hidden) -> SharedHttpClient {
    let inner =
        aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
    SharedHttpClient::new(Client { inner, hidden })
}

#[derive(Debug)]
struct Client {
    inner: SharedHttpClient,
    hidden: Hidden,
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, parts);
        SharedHttpConnector::new(Connector { inner, hidden: self.hidden.clone() })
    }

    fn validate_base_client_config(&self, parts: &RuntimeComponentsBuilder, bag: &ConfigBag) -> Result<(), BoxError> {
        HttpClient::validate_base_client_config(&self.inner, parts, bag)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    hidden: Hidden,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        credentials(&request, &self.hidden);
        self.inner.call(request)
    }
}

/// Notes the credentials of a request.
fn credentials(request: &HttpRequest, hidden: &Hidden) {
    let header = |name: &str| request.headers().get(name);
    HEADERS.into_iter().filter_map(header).for_each(|value| hidden.add(Token::new(value)));
    match header("authorization") {
        Some(signed) if signed.starts_with("AWS4-") => {
            let key = signed.split(['=', '/']).nth(1);
            let real = key.filter(|k| k.len() >= 16 && (k.starts_with("AKIA") || k.starts_with("ASIA")));
            real.into_iter().for_each(|key| hidden.add(Token::new(key)));
        }
        // The container's own service takes a token as it is.
        Some(token) => hidden.add(Token::new(token)),
        None => {}
    }
    for (name, value) in url::form_urlencoded::parse(request.body().bytes().unwrap_or_default()) {
        if name == "WebIdentityToken" {
            hidden.add(Token::new(&value));
        }
    }
}
