//! Files into Vanta's documents, by its API "Manage Vanta".
//!
//! Made from Vanta's published documentation (<https://developer.vanta.com/docs/guides/upload-a-document>,
//! <https://developer.vanta.com/api-reference/documents/upload-file-for-document>,
//! <https://developer.vanta.com/api-reference/documents/list-documents-uploads>,
//! <https://developer.vanta.com/docs/concepts/authentication>), and tested against a server of ours that follows it;
//! never against Vanta itself.
//!
//! The period goes into `effectiveAtDate`: its last day. A document is not submitted for review: that stays with people.

use http::Method;
use serde_json::{Value, json};

use super::courier::{Call, Undelivered, once};
use super::{About, Courier, File, HandedIn, UploadError};
use crate::net::Token;

/// Address of the API for commercial accounts.
pub const ADDRESS: &str = "https://api.vanta.com";
/// What the token may do.
const SCOPE: &str = "vanta-api.all:read vanta-api.all:write vanta-api.documents:upload";
/// Most pages of a list of uploads.
const PAGES: usize = 100;

/// Gets a token for an hour (OAuth 2.0, client credentials), which the courier shows from then on.
///
/// # Errors
/// Where the credentials are refused, or no answer could be had.
pub async fn sign_in(courier: &mut Courier, client_id: &str, secret: &Token) -> Result<(), UploadError> {
    courier.hide(secret);
    let asks = json!({
        "client_id": client_id, "client_secret": secret.expose(), "scope": SCOPE, "grant_type": "client_credentials",
    });
    let call = Call::json(Method::POST, "/oauth/token".to_owned(), &asks, true);
    let none = |v: &Value| v["access_token"].as_str().is_none().then_some("it names no access_token");
    let told = courier.tell("Vanta: signing in", &call, none).await.map_err(|e| e.error)?;
    courier.token(&Token::new(told["access_token"].as_str().unwrap_or_default()))
}

/// Uploads files to documents; what is there under the same name is left.
///
/// # Errors
/// The first; what was handed in by then stays, and is found there the next time.
pub async fn hand_in(
    courier: &Courier,
    documents: &[String],
    files: &[File],
    about: &About,
) -> Result<Vec<HandedIn>, UploadError> {
    let mut out = Vec::new();
    for id in documents {
        let path = format!("/v1/documents/{id}/uploads");
        for file in files {
            let (upload, uploaded) =
                once(courier, || find(courier, &path, file), || add(courier, &path, file, about)).await?;
            out.push(HandedIn {
                to: id.clone(),
                file: file.name.clone(),
                sha256: file.sha256.clone(),
                id: upload,
                uploaded,
            });
        }
    }
    Ok(out)
}

/// The upload of this name that was not deleted. The description names the file too, for a service that renames it.
async fn find(courier: &Courier, path: &str, file: &File) -> Result<Option<String>, Undelivered> {
    let mut cursor = String::new();
    for _ in 0..PAGES {
        let list = |v: &Value| {
            let fits = v["results"]["data"].is_array() && v["results"]["pageInfo"]["hasNextPage"].is_boolean();
            (!fits).then_some("it is no list of uploads")
        };
        let call = Call::get(format!("{path}?pageSize=100{cursor}"));
        let page = courier.tell("Vanta: what the document holds", &call, list).await?;
        let results = &page["results"];
        let named = |u: &Value| {
            u["fileName"] == file.name.as_str() || u["description"].as_str().is_some_and(|d| d.contains(&file.name))
        };
        let there = |u: &&Value| named(u) && u["deletionDate"].is_null();
        let uploads = results["data"].as_array().into_iter().flatten();
        if let Some(id) = uploads.filter(there).find_map(|u| u["id"].as_str()) {
            return Ok(Some(id.to_owned()));
        }
        match results["pageInfo"]["endCursor"].as_str() {
            Some(next) if results["pageInfo"]["hasNextPage"] == true => {
                cursor = format!(
                    "&pageCursor={}",
                    url::form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>()
                );
            }
            _ => return Ok(None),
        }
    }
    Err(courier.error("Vanta: the list of uploads does not end", "remove what is old from that document").into())
}

async fn add(courier: &Courier, path: &str, file: &File, about: &About) -> Result<String, Undelivered> {
    let description = format!("{} File {}, SHA-256 {}.", about.description, file.name, file.sha256);
    let day = format!("{}T00:00:00.000Z", about.day);
    let form = file.form(&[("description", &description), ("effectiveAtDate", &day)]);
    let call = Call { method: Method::POST, path: path.to_owned(), body: Some(form), again: false };
    let what = format!("Vanta: uploading {}", file.name);
    let told = courier.tell(&what, &call, |v| v["id"].as_str().is_none().then_some("it names no id")).await?;
    Ok(told["id"].as_str().unwrap_or_default().to_owned())
}
