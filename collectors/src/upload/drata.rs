//! Files into Drata's evidence library, by its public API v2.
//!
//! Made from the description that Drata publishes of that API (tag Evidence: upload an artifact's file, update evidence, list
//! artifacts; a copy is <https://github.com/api-evangelist/drata/blob/main/openapi/drata-evidence-api-openapi.yml>) and its help
//! page (<https://help.drata.com/en/articles/6695964-drata-public-api>), and tested against a server of ours that follows
//! them; never against Drata itself.
//!
//! A file is uploaded first, which changes nothing that anybody sees, and then added to an evidence item as a new artifact.
//! The item's own dates of renewal, owner and older artifacts stay as people set them. The period goes into the artifact's
//! `filedAt`: its last day.

use http::Method;
use serde_json::{Value, json};

use super::courier::{Call, Undelivered, once};
use super::{About, Courier, File, HandedIn, UploadError};

/// Address of the API for accounts in the United States.
pub const ADDRESS: &str = "https://public-api.drata.com/public/v2";
/// Most pages of a list of artifacts.
const PAGES: usize = 100;

/// Adds files to evidence items of a workspace; what is there under the same name is left, archived or not.
///
/// # Errors
/// The first; what was handed in by then stays, and is found there the next time.
pub async fn hand_in(
    courier: &Courier,
    workspace: &str,
    evidence: &[String],
    files: &[File],
    about: &About,
) -> Result<Vec<HandedIn>, UploadError> {
    let mut out = Vec::new();
    for id in evidence {
        let item = format!("/workspaces/{workspace}/evidence/{id}");
        for file in files {
            let (artifact, uploaded) =
                once(courier, || find(courier, &item, file), || add(courier, workspace, &item, file, about)).await?;
            out.push(HandedIn {
                to: id.clone(),
                file: file.name.clone(),
                sha256: file.sha256.clone(),
                id: artifact,
                uploaded,
            });
        }
    }
    Ok(out)
}

/// The artifact of this name.
async fn find(courier: &Courier, item: &str, file: &File) -> Result<Option<String>, Undelivered> {
    let mut cursor = String::new();
    for _ in 0..PAGES {
        // The filter by name takes a beginning.
        let path = format!("{item}/artifacts?size=500&name={}{cursor}", file.name);
        let list = |v: &Value| {
            let fits = v["data"].is_array() && v["pagination"].get("cursor").is_some();
            (!fits).then_some("it is no list of artifacts")
        };
        let page = courier.tell("Drata: what the evidence holds", &Call::get(path), list).await?;
        let artifacts = page["data"].as_array().into_iter().flatten();
        if let Some(id) = artifacts.filter(|a| a["artifactName"] == file.name.as_str()).find_map(|a| number(&a["id"])) {
            return Ok(Some(id));
        }
        match page["pagination"]["cursor"].as_str().filter(|next| !next.is_empty()) {
            Some(next) => {
                cursor =
                    format!("&cursor={}", url::form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>())
            }
            None => return Ok(None),
        }
    }
    Err(courier.error("Drata: the list of artifacts does not end", "archive what is old in that evidence item").into())
}

/// Uploads the file and adds it as an artifact; answers its id.
async fn add(
    courier: &Courier,
    workspace: &str,
    item: &str,
    file: &File,
    about: &About,
) -> Result<String, Undelivered> {
    let path = format!("/workspaces/{workspace}/evidence-files");
    // A file that no artifact refers to is seen by nobody.
    let call = Call { method: Method::POST, path, body: Some(file.form(&[])), again: true };
    let what = format!("Drata: uploading {}", file.name);
    let told = courier.tell(&what, &call, |v| v["fileKey"].as_str().is_none().then_some("it names no fileKey")).await?;
    if told["fileSize"].as_u64().is_some_and(|size| size != file.bytes.len() as u64) {
        return Err(courier.error(&format!("{what}: it arrived with another size"), "do it again").into());
    }
    let artifact = json!({
        "artifactType": "S3_FILE", "artifactName": file.name, "fileKey": told["fileKey"], "filedAt": about.day,
    });
    let call = Call::json(Method::PUT, item.to_owned(), &json!({"newArtifacts": [artifact]}), false);
    let what = format!("Drata: adding {} to the evidence", file.name);
    let short = |v: &Value| {
        let created = (v["artifactsCreated"].as_u64(), v["artifactsRequested"].as_u64());
        (!matches!(created, (Some(1..), Some(1..)))).then_some("it does not say that the artifact was created")
    };
    let told = courier.tell(&what, &call, short).await?;
    let artifacts = told["artifacts"].as_array().into_iter().flatten();
    let id = artifacts.filter(|a| a["artifactName"] == file.name.as_str()).find_map(|a| number(&a["id"]));
    id.ok_or_else(|| Undelivered {
        error: courier.error(&format!("{what}: the answer does not name it"), "look at the evidence item in Drata"),
        unsure: true,
    })
}

fn number(id: &Value) -> Option<String> {
    id.as_u64().map(|n| n.to_string())
}
