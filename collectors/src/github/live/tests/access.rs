//! Credentials, rights and limits.

use octocrab::jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

use super::fake::error;
use super::*;

/// Made for these tests, and used nowhere else.
const KEY: &str = include_str!("app-test-key.pem");
const PUBLIC: &str = include_str!("app-test-key-public.pem");

fn app(url: &str) -> Order {
    let mut order = order(url, &[("app_id", text("42")), ("installation_id", text("77"))]);
    order.secrets = [("private_key".to_owned(), Token::new(KEY))].into();
    order
}

#[test]
fn an_app_signs_for_a_token_and_asks_with_it() {
    let first = |_: usize, seen: &Seen| {
        if seen.path() == "/app/installations/77/access_tokens" {
            let token = json!({"token": "ghs_canary", "expires_at": "2026-11-22T13:00:00Z", "repository_selection": "selected",
                "permissions": {"administration": "read", "contents": "write"}});
            return Some(Reply::Whole(201, Vec::new(), token.to_string().into_bytes()));
        }
        if seen.path().ends_with("/private-vulnerability-reporting") {
            return Some(Reply::json(r#"{"enabled":true,"echo":"ghs_canary"}"#));
        }
        (seen.header("authorization") != Some("Bearer ghs_canary"))
            .then(|| Reply::status(401, &error(401, "Bad credentials")))
    };
    let server = three().start(first);
    let brought = collect_by(&app(&server.url), Arc::default(), Vec::new());
    assert_eq!(brought.problems(), Vec::<String>::new());
    let asked: Vec<Seen> = server.seen().into_iter().filter(|s| s.path().starts_with("/app/")).collect();
    assert_eq!(asked.len(), 1);
    let jwt = asked[0].header("authorization").unwrap().trim_start_matches("Bearer ");
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims = std::collections::HashSet::from(["exp".to_owned()]);
    let claims = decode::<Value>(jwt, &DecodingKey::from_rsa_pem(PUBLIC.as_bytes()).unwrap(), &validation).unwrap();
    assert_eq!(claims.claims["iss"], json!(42));
    assert_eq!(brought.net.identity.as_deref(), Some("GitHub App 42, installation 77"));
    assert!(brought.net.permissions.iter().any(|p| p == "administration=read"));
    assert!(brought.noted("contents=write"));
    let stored = brought.objects.everything();
    assert!(!stored.contains("ghs_canary") && !stored.contains(jwt));
    // The count of the organisation agrees, so the list is whole though the installation says "selected".
    assert_eq!(brought.net.covers[0].tables, ["discovered_assets"]);
}

#[test]
fn an_app_that_is_refused_ends_the_source() {
    let server = three().start(|_, seen| {
        seen.path().starts_with("/app/").then(|| Reply::status(404, &error(404, "Integration not found")))
    });
    let brought = collect_by(&app(&server.url), Arc::default(), Vec::new());
    assert!(brought.halted && server.seen().len() == 1);
    assert!(brought.problems()[0].contains("Integration not found"), "{:?}", brought.problems());
}

#[test]
fn a_refused_token_ends_the_source_at_once() {
    let server = three().start(|_, _| Some(Reply::status(401, &error(401, "Bad credentials"))));
    let brought = collect(&server, &[]);
    assert!(brought.halted && server.seen().len() == 1);
    assert!(brought.problems()[0].contains("the credential is refused"), "{:?}", brought.problems());
    assert!(brought.net.covers.is_empty());
}

#[test]
fn a_right_that_is_missing_everywhere_is_a_note_and_its_settings_are_not_determined() {
    let server = Hub { admin: false, ..three() }.start(quiet);
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    assert!(brought.net.permissions.iter().any(|p| p == "missing administration=read"));
    assert!(brought.noted("lacks administration=read"));
    let setting = |asset: &str, name: &str| brought.setting(asset, name).unwrap_or_default();
    assert_eq!(setting("github:acme/app", "secret scanning"), "not determined");
    assert_eq!(setting("github:acme/app", "vulnerability alerts"), "not determined");
    assert_eq!(setting("github:acme/app", "immutable releases"), "not determined (404 Not Found)");
    // What everybody may see is seen.
    assert_eq!(setting("github:acme/app", "branch main: force pushes allowed"), "false");
    assert_eq!(setting("github:acme/app", "branch main: protected"), "true");
    // An empty list of rules is no proof that there are none: REST is asked for what it shows to everybody.
    assert_eq!(setting("github:acme/old", "branch main: protected"), "false");
    assert_ne!(setting("github:acme/old", "branch main: classic protection"), "absent");
}

#[test]
fn a_single_refusal_is_a_problem() {
    let server = three().start(|_, seen| {
        (seen.path() == "/repos/acme/app/code-scanning/default-setup").then(|| Reply::status(403, &error(403, "no")))
    });
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems().len(), 1, "{:?}", brought.problems());
    assert!(brought.problems()[0].contains("repos/acme/app/code-scanning/default-setup.json: not permitted (403: no)"));
}

#[test]
fn a_404_never_says_unprotected() {
    let hub = Hub { graphql: false, ..three() };
    let server = hub.start(|_, seen| {
        let hidden =
            seen.path().ends_with("/branches/main/protection") || seen.path().ends_with("/vulnerability-alerts");
        (hidden && !seen.path().contains("old")).then(|| Reply::status(404, &error(404, "Not Found")))
    });
    let brought = collect(&server, &[("detail", text("fleet"))]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    let setting = |name: &str| brought.setting("github:acme/app", name).unwrap_or_default();
    assert_eq!(setting("protection"), "not determined (404 Not Found)");
    assert_eq!(setting("vulnerability alerts"), "not determined (404 Not Found)");
    assert_eq!(setting("branch main: protected"), "true");
    assert_eq!(brought.setting("github:acme/old", "branch main: classic protection").as_deref(), Some("absent"));
}

#[test]
fn what_the_plan_lacks_is_a_fact() {
    let hub = Hub { graphql: false, ..three() };
    let server = hub.start(|_, seen| {
        let message = "Upgrade to GitHub Pro or make this repository public to enable this feature.";
        (seen.path().contains("/protection") || seen.path().contains("/rulesets"))
            .then(|| Reply::status(403, &error(403, message)))
    });
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    let kept = brought.read();
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    let shown = brought.setting("github:acme/app", "branch main: classic protection").unwrap();
    assert!(shown.starts_with("not available (Upgrade to GitHub"), "{shown}");
}

#[test]
fn limits_are_waited_out_or_told() {
    let secondary = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let server = three()
        .start(move |n, _| (n == 3).then(|| Reply::status(403, &error(403, secondary)).header("retry-after", "1")));
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    assert!(brought.net.pages.iter().any(|p| p.attempts == Some(2)));
    let server = three()
        .start(move |_, seen| seen.path().contains("/issues").then(|| Reply::status(403, &error(403, secondary))));
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems().len(), 2, "{:?}", brought.problems());
    assert!(
        brought.problems()[0].contains("secondary rate limit")
            && brought.problems()[0].contains("is due at 2026-11-22T12:01:00Z")
    );
    assert!(!brought.net.covers.iter().any(|c| c.tables == ["incidents"]));
}

#[test]
fn graphqls_own_limit_is_waited_out() {
    let limited = r#"{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}"#;
    let server = three().start(move |n, seen| {
        (seen.path() == "/graphql"
            && n < 8
            && seen.body.len() > 10
            && FIRST.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0)
            .then(|| Reply::json(limited).header("retry-after", "1"))
    });
    static FIRST: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    assert!(!brought.noted("REST is asked for everything"));
}

#[test]
fn a_list_that_may_be_part_of_the_organisation_covers_nothing() {
    let less = |_: usize, seen: &Seen| {
        (seen.path() == "/orgs/acme")
            .then(|| Reply::json(r#"{"login":"acme","type":"Organization","public_repos":1,"total_private_repos":9}"#))
    };
    let server = three().start(less);
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    assert!(brought.noted("has 10 repositories, of which this credential sees 3"));
    assert!(brought.noted("requires two-factor authentication is not determined"));
    assert!(!brought.net.covers.iter().any(|c| c.tables == ["discovered_assets"]));
    assert_eq!(brought.setting("github:acme", "two-factor authentication required").as_deref(), Some("true"));
}

#[test]
fn a_wrong_configuration_says_what_to_write() {
    let says = |settings: &[(&str, Setting)], words: &str| {
        let brought = collect_by(&order("http://127.0.0.1:1", settings), Arc::default(), Vec::new());
        assert!(brought.halted && brought.problems()[0].contains(words), "{words}: {:?}", brought.problems());
    };
    says(&[("url", text("http://github.example.com"))], "https");
    says(&[("organization", text("acme/app"))], "no login");
    says(&[("repositories", list(&["other/app"]))], "not of acme");
    says(&[("repositories", list(&["a/b/c"]))], "owner/name");
    says(&[("incident_labels", list(&["a,b"]))], "comma");
    says(&[("restore_test_fields", list(&["Start = begin_at"]))], "no field");
    says(&[("restore_test_fields", list(&["Start"]))], "Heading = field");
    says(&[("registers", list(&["exception"]))], "label = register");
    says(&[("registers", list(&["exception = exeptions"]))], "not the name of a register");
    says(&[("registers", list(&["incident = incidents"]))], "incident_labels");
    says(&[("register_fields", list(&["Why = reson"]))], "no register has a column");
    says(&[("backup_workflows", list(&["["]))], "pattern");
    says(&[("since", text("lately"))], "since");
    says(&[("detail", text("some"))], "neither");
    let mut none = order("http://127.0.0.1:1", &[]);
    none.secrets.clear();
    assert!(collect_by(&none, Arc::default(), Vec::new()).problems()[0].contains("no credential"));
    let mut bad = app("http://127.0.0.1:1");
    bad.secrets.insert("private_key".to_owned(), Token::new("-----BEGIN"));
    assert!(collect_by(&bad, Arc::default(), Vec::new()).problems()[0].contains("no RSA key"));
    let mut odd = order("http://127.0.0.1:1", &[]);
    odd.secrets.insert("token".to_owned(), Token::new("a\nb"));
    assert!(collect_by(&odd, Arc::default(), Vec::new()).problems()[0].contains("characters"));
}

#[test]
fn migrations_are_asked_with_classic_tokens_only() {
    let archives = |_: usize, seen: &Seen| {
        let body = r#"[{"id":79,"guid":"0b98","state":"exported","lock_repositories":false,"created_at":"2026-11-01T00:00:00Z",
            "updated_at":"2026-11-01T00:10:00Z","repositories":[{"full_name":"acme/app","temp_clone_token":"clone-canary"}]}]"#;
        seen.path().starts_with("/orgs/acme/migrations").then(|| Reply::json(body))
    };
    let server = three().start(archives);
    let mut classic = order(&server.url, &[]);
    classic.secrets.insert("token".to_owned(), Token::new("ghp_classic"));
    let brought = collect_by(&classic, Arc::default(), Vec::new());
    assert_eq!(brought.problems(), Vec::<String>::new());
    assert_eq!(brought.read().rows.iter().filter(|r| matches!(r, Row::Run(_))).count(), 3);
    assert!(!brought.objects.everything().contains("canary"));
    assert!(collect(&server, &[]).noted("migration archives are not determined"));
    // Refused, it is not determined.
    let server = three().start(quiet);
    let mut classic = order(&server.url, &[]);
    classic.secrets.insert("token".to_owned(), Token::new("ghp_classic"));
    let brought = collect_by(&classic, Arc::default(), Vec::new());
    assert_eq!(brought.problems(), Vec::<String>::new());
    assert!(brought.noted("migration archives are not determined (404"));
}

#[test]
fn one_question_at_a_time_reaches_a_server_whoever_asks() {
    static NOW: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    static MOST: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let server = three().start(|_, _| {
        let now = NOW.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        MOST.fetch_max(now, std::sync::atomic::Ordering::SeqCst);
        std::thread::sleep(std::time::Duration::from_millis(2));
        NOW.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
        None
    });
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| assert_eq!(collect(&server, &[]).problems(), Vec::<String>::new()));
        }
    });
    assert_eq!(MOST.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[test]
fn runs_that_github_may_have_forgotten_are_noted() {
    let server = three().start(quiet);
    let by = |last: &str| {
        let (mut context, _stop) = context(Arc::default());
        context.now = now;
        context.last_complete = instant(last, None).ok();
        let mut trail = Trail::new(context, Vec::new());
        run((LIVE.fetch)(&order(&server.url, &[]), &mut trail)).unwrap();
        trail.finish().notes.iter().any(|n| n.contains("runs between then and 2026-08-24T12:00:00Z may be missing"))
    };
    assert!(by("2026-08-01T00:00:00Z") && !by("2026-11-01T00:00:00Z"));
}
