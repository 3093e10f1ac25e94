//! Credentials of every kind, in whole runs: kept by nobody, whether the server answers, refuses, or says them back.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::server::{Cursor, Good, Request, Server, Service};
use super::services::{AwsBackup, Github, Rds, S3};
use crate::support::{Workspace, files};

/// How the server treats a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Answers,
    /// Every question of the service is refused, in words that hold the credential.
    RefusesAloud,
    /// Answers are good, and hold the credential beside what was asked.
    Echoes,
    /// The credential is not given out, and what was sent for it is said back.
    GrantsNothing,
}

const INSTALLATION: &str = "ghs_canaryInstallation7d1e";
const SECRET_KEY: &str = "canary-secret-key-41c7";
/// As long as those of AWS, so that it does not fit into what is quoted of a refusal.
const SESSION: &str = concat!(
    "canary-session-token-90ab-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789",
    "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef-end"
);
const ROLE_SECRET: &str = "canary-role-secret-5e2f";
const ROLE_SESSION: &str = "canary-role-session-c3d8";

/// A service with doors: it hands out an installation's token and a role's keys, and notes which credentials came in.
struct Doors {
    inner: Arc<dyn Service>,
    manner: Manner,
    came: Mutex<BTreeSet<String>>,
}

impl Doors {
    /// What the request brings that nobody may keep.
    fn credential(request: &Request) -> String {
        let header = |name: &str| request.headers.get(name).cloned();
        let bearer = || header("authorization").and_then(|a| a.strip_prefix("Bearer ").map(str::to_owned));
        header("x-amz-security-token").or_else(bearer).unwrap_or_default()
    }

    fn aloud(request: &Request, credential: &str, status: u16) -> Good {
        let words = format!("the credential {credential} is not valid");
        let xml =
            request.method == "POST" && request.body.contains("Action=") || request.query.contains_key("list-type");
        let body = if xml {
            format!(
                "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>{words}</Message></Error></ErrorResponse>"
            )
        } else {
            json!({"message": words, "Code": "InvalidToken", "credential": credential}).to_string()
        };
        Good::ok(body).status(status)
    }
}

impl Service for Doors {
    fn answer(&self, request: &Request, base: &str) -> Good {
        let credential = Self::credential(request);
        if !credential.is_empty() {
            self.came.lock().unwrap().insert(credential.clone());
        }
        let app = request.path.contains("/access_tokens");
        let role = request.body.contains("Action=AssumeRole");
        if app || role {
            if self.manner == Manner::GrantsNothing {
                return Self::aloud(request, &credential, 403);
            }
            return if app {
                let body = json!({"token": INSTALLATION, "expires_at": "2099-01-01T00:00:00Z",
                    "permissions": {"metadata": "read"}, "repository_selection": "all"});
                Good::ok(body.to_string()).status(201)
            } else {
                Good::ok(format!(
                    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
                     <AssumedRoleId>AROA:backproof</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/audit/backproof</Arn>\
                     </AssumedRoleUser><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>{ROLE_SECRET}</SecretAccessKey>\
                     <SessionToken>{ROLE_SESSION}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
                     </AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>"
                ))
                .header("Content-Type", "text/xml")
            };
        }
        let caller = request.body.contains("GetCallerIdentity");
        if self.manner == Manner::RefusesAloud && !caller {
            return Self::aloud(request, &credential, 401);
        }
        let good = self.inner.answer(request, base);
        if self.manner != Manner::Echoes || credential.is_empty() {
            return good;
        }
        let body = match good.body.strip_suffix('}') {
            Some(rest) if rest.len() > 1 => format!("{rest},\"seen\":\"{credential}\"}}"),
            _ if good.body.starts_with('<') => format!("{}<!-- {credential} -->", good.body),
            _ => good.body.clone(),
        };
        Good { body, ..good }.header("X-Seen", credential)
    }

    fn page(&self, request: &Request) -> Option<usize> {
        self.inner.page(request)
    }
    fn of_page(&self, request: &Request, page: usize) -> Request {
        self.inner.of_page(request, page)
    }
    fn same_cursor(&self, from: &Good, to: &Good) -> Good {
        self.inner.same_cursor(from, to)
    }
    fn error_body(&self) -> String {
        self.inner.error_body()
    }
    fn refusal(&self, status: u16) -> String {
        self.inner.refusal(status)
    }
    fn with_cursor(&self, good: &Good, request: &Request, base: &str, cursor: Cursor) -> Good {
        self.inner.with_cursor(good, request, base, cursor)
    }
    fn emptied(&self, good: &Good) -> Good {
        self.inner.emptied(good)
    }
    fn mistyped(&self, good: &Good) -> Good {
        self.inner.mistyped(good)
    }
}

/// Collects in every manner, quietly and not, and looks for what came in and for `secrets`, whole or begun. Answers what
/// came in. `{url}` in the environment is the server's address.
fn nobody_keeps(
    kind: &str,
    inner: &Arc<dyn Service>,
    keys: &str,
    key_file: Option<&[u8]>,
    environment: &[(&str, &str)],
    secrets: &[&str],
) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for manner in [Manner::Answers, Manner::RefusesAloud, Manner::Echoes, Manner::GrantsNothing] {
        for words in [&["collect"][..], &["collect", "-v", "--format", "json"]] {
            let doors = Arc::new(Doors { inner: Arc::clone(inner), manner, came: Mutex::default() });
            let server = Server::start(Arc::clone(&doors) as Arc<dyn Service>, None);
            let w = Workspace::empty();
            w.write(
                "backproof.toml",
                format!(
                    "[organization]\nname = \"Example\"\ntimezone = \"UTC\"\n\n[sources.{kind}.live]\nurl = \"{}\"\n{keys}\n\
                     timeout = \"PT2S\"\npatience = \"PT1S\"\n",
                    server.url()
                ),
            );
            if let Some(key) = key_file {
                let path = w.write("key.pem", key);
                std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            }
            let environment: Vec<(&str, String)> =
                environment.iter().map(|(name, value)| (*name, value.replace("{url}", &server.url()))).collect();
            let environment: Vec<(&str, &str)> = environment.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let ran = w.run_with(words, &environment);
            assert!(matches!(ran.code, Some(0 | 4)), "{kind} {manner:?} {words:?}: {ran:?}");
            let came = doors.came.lock().unwrap().clone();
            assert!(!came.is_empty(), "{kind} {manner:?}: no credential came to the server: {ran:?}");
            let kept: Vec<(String, Vec<u8>)> =
                files(w.path()).into_iter().filter(|(name, _)| name != "key.pem").collect();
            assert!(kept.iter().any(|(name, _)| name.starts_with("evidence/runs/")), "{kind} {manner:?}: no manifest");
            for secret in secrets.iter().copied().chain(came.iter().map(String::as_str)) {
                // Cut by whoever quotes it, it is still a secret.
                let secret = secret.get(..20).unwrap_or(secret);
                for (name, bytes) in &kept {
                    let text = String::from_utf8_lossy(bytes);
                    assert!(!text.contains(secret), "{kind} {manner:?} {words:?}: {name} holds {secret}: {text}");
                }
                assert!(!ran.out.contains(secret), "{kind} {manner:?} {words:?}: said {secret}: {}", ran.out);
                assert!(!ran.err.contains(secret), "{kind} {manner:?} {words:?}: said {secret}: {}", ran.err);
            }
            all.extend(came);
        }
    }
    all
}

#[test]
fn a_github_app_leaves_neither_its_key_nor_its_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    let key = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = key.lines().filter(|l| !l.starts_with("---")).collect();
    let service: Arc<dyn Service> = Arc::new(Github);
    let keys =
        "organization = \"acme\"\napp_id = \"42\"\ninstallation_id = \"77\"\nprivate_key = { file = \"key.pem\" }";
    let secrets = [&lines[..], &[INSTALLATION]].concat();
    let came = nobody_keeps("github", &service, keys, Some(key.as_bytes()), &[], &secrets);
    assert!(came.contains(INSTALLATION), "the installation's token asks: {came:?}");
    assert!(came.iter().any(|c| c.starts_with("eyJ")), "the App signs for it: {came:?}");
}

const KEYS: [(&str, &str); 6] = [
    ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
    ("AWS_SESSION_TOKEN", SESSION),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("AWS_CONFIG_FILE", "/nonexistent"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
];

#[test]
fn aws_session_tokens_and_those_of_assumed_roles_are_kept_nowhere() {
    let services: [(&str, Arc<dyn Service>, &str); 3] = [
        ("aws-backup", Arc::new(AwsBackup), "regions = [\"us-east-1\"]"),
        ("rds", Arc::new(Rds), "regions = [\"us-east-1\"]"),
        ("s3", Arc::new(S3), "buckets = [\"acme-backups\"]\nregion = \"us-east-1\""),
    ];
    let secrets = [SECRET_KEY, SESSION, ROLE_SECRET, ROLE_SESSION];
    for (kind, service, keys) in services {
        let came = nobody_keeps(kind, &service, keys, None, &KEYS, &secrets);
        assert!(came.contains(SESSION), "{kind}: {came:?}");
        let role = format!("{keys}\nrole_arn = \"arn:aws:iam::123456789012:role/audit\"");
        let came = nobody_keeps(kind, &service, &role, None, &KEYS, &secrets);
        assert!(came.contains(SESSION) && came.contains(ROLE_SESSION), "{kind} with a role: {came:?}");
    }
}

#[test]
fn what_a_profile_assumes_its_role_with_is_kept_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(
        &path,
        format!(
            "[profile base]\naws_access_key_id = ASIAEXAMPLE\naws_secret_access_key = {SECRET_KEY}\n\
             aws_session_token = {SESSION}\n\n[profile audit]\nregion = us-east-1\n\
             role_arn = arn:aws:iam::123456789012:role/audit\nsource_profile = base\n"
        ),
    )
    .unwrap();
    let environment = [
        ("AWS_CONFIG_FILE", path.to_str().unwrap()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ENDPOINT_URL", "{url}"),
    ];
    let service: Arc<dyn Service> = Arc::new(AwsBackup);
    let secrets = [SECRET_KEY, SESSION, ROLE_SECRET, ROLE_SESSION];
    let keys = "region = \"us-east-1\"\nprofile = \"audit\"";
    let came = nobody_keeps("aws-backup", &service, keys, None, &environment, &secrets);
    assert!(came.contains(SESSION) && came.contains(ROLE_SESSION), "{came:?}");
}
