//! Who asks, as which role, and in which regions.

use model::workspace::Setting;

use super::testing::{config, order};
use super::*;
use crate::net::testing::{Reply, Server, run, trail};

const IDENTITY: &str = r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
  <Arn>arn:aws-us-gov:iam::123456789012:user/auditor</Arn><UserId>AIDACKCEVSQ6C2EXAMPLE</UserId><Account>123456789012</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>01234567</RequestId></ResponseMetadata></GetCallerIdentityResponse>"#;

fn xml(status: u16, body: &str) -> Reply {
    Reply::status(status, body).header("content-type", "text/xml")
}

fn list(of: &[&str]) -> Setting {
    Setting::List(of.iter().map(|t| (*t).to_owned()).collect())
}

/// Opens scopes against a server.
fn opened(
    settings: &[(&str, Setting)],
    answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> (Result<Vec<Scope>, Halt>, crate::net::Collected, Vec<String>) {
    let server = Server::start(move |_, seen| answer(&String::from_utf8_lossy(&seen.body)));
    let (mut trail, _, _stop) = trail();
    let order = order("aws-backup", settings);
    let scopes = run(async {
        let base = config(&server.url, trail.hidden()).await;
        scopes(&order, &base, Some(&server.url), &mut trail).await
    });
    let keys = server
        .seen()
        .iter()
        .map(|s| s.header("authorization").unwrap_or_default().split(['=', '/']).nth(1).unwrap_or_default().to_owned())
        .collect();
    (scopes, trail.finish(), keys)
}

#[test]
fn each_region_is_a_scope_of_the_account_that_the_service_names() {
    let (scopes, collected, _) =
        opened(&[("regions", list(&["eu-west-1", "us-gov-west-1", "eu-west-1"]))], |_| xml(200, IDENTITY));
    let scopes = scopes.unwrap();
    let named: Vec<_> =
        scopes.iter().map(|s| (s.account.as_deref(), s.partition.as_str(), s.region.as_str())).collect();
    let account = Some("123456789012");
    assert_eq!(named, [(account, "aws-us-gov", "eu-west-1"), (account, "aws-us-gov", "us-gov-west-1")]);
    assert_eq!(collected.identity.as_deref(), Some("arn:aws-us-gov:iam::123456789012:user/auditor"));
    assert_eq!(collected.pages[0].name, "aws/123456789012/eu-west-1/sts/get-caller-identity/page-0001.xml");
    assert!(collected.problems.is_empty(), "{:?}", collected.problems);
}

#[test]
fn a_server_of_ones_own_need_not_know_who_asks() {
    for answer in [|| Reply::status(404, "<!DOCTYPE html><p>not here"), || Reply::status(501, "")] {
        let (scopes, collected, _) = opened(&[], move |_| answer());
        assert_eq!(scopes.unwrap()[0].account, None);
        assert!(collected.problems.is_empty() && collected.notes.len() == 1, "{collected:?}");
    }
}

#[test]
fn roles_are_assumed_from_the_base_credentials_and_one_refused_does_not_stop_the_others() {
    let roles = list(&["arn:aws:iam::123456789012:role/reader", "arn:aws:iam::210987654321:role/reader"]);
    let settings = [("role_arn", roles), ("external_id", Setting::Text("acme-42".to_owned()))];
    let (scopes, collected, keys) = opened(&settings, |body| {
        if body.contains("Action=AssumeRole") && body.contains("123456789012") && body.contains("ExternalId=acme-42") {
            return xml(
                200,
                r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
                <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/reader/backproof</Arn><AssumedRoleId>x:y</AssumedRoleId></AssumedRoleUser>
                <Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
                </AssumeRoleResult></AssumeRoleResponse>"#,
            );
        }
        if body.contains("Action=AssumeRole") {
            return xml(
                403,
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform sts:AssumeRole</Message></Error></ErrorResponse>",
            );
        }
        xml(200, IDENTITY)
    });
    assert_eq!(scopes.unwrap().len(), 1);
    assert!(keys.contains(&"ANOTREAL".to_owned()) && keys.contains(&"ASIAROLE".to_owned()), "{keys:?}");
    assert_eq!(collected.problems.len(), 1, "{:?}", collected.problems);
    let problem = &collected.problems[0];
    assert!(problem.document.contains("210987654321"), "{problem}");
    assert!(problem.message.contains("sts:AssumeRole"), "{problem}");
}

#[test]
fn what_cannot_be_asked_is_a_problem_and_the_end() {
    /// Keys, what is told, and the answer of STS.
    type Case<'a> = (&'a [(&'a str, Setting)], &'a str, u16, &'a str);
    let cases: &[Case<'_>] = &[
        (&[("regions", list(&["eu-west-1.evil.example/x"]))], "is not a region", 200, IDENTITY),
        (
            &[],
            "names no account",
            200,
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
        ),
        (&[], "no answer could be had (3 attempts)", 500, ""),
    ];
    for (settings, says, status, body) in cases {
        let (status, body) = (*status, (*body).to_owned());
        let (scopes, collected, _) = opened(settings, move |_| xml(status, &body));
        assert!(matches!(scopes, Err(Halt::Over)), "{says}: {scopes:?}");
        assert!(collected.problems.iter().any(|p| p.message.contains(says)), "{says}: {:?}", collected.problems);
    }
    let (mut trail, _, _stop) = trail();
    let order = order("s3", &[("url", Setting::Text("http://s3.example.com".to_owned()))]);
    assert!(matches!(run(open(&order, &mut trail)), Err(Halt::Over)));
    assert!(trail.finish().problems[0].message.contains("use https"));
}
