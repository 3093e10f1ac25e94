//! The pages beside packets: what lies in the bucket, and small files that may change.

use aws_sdk_s3::types::ChecksumAlgorithm;
use aws_smithy_types::base64;

use super::{Bucket, PAGES, UploadError, bytes};

impl Bucket {
    /// Names of the folders directly below a prefix, which is empty or ends in `/`; ascending.
    ///
    /// # Errors
    /// Where they can't be listed.
    pub async fn folders(&self, prefix: &str) -> Result<Vec<String>, UploadError> {
        let mut out = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let ask = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).delimiter("/");
            let page = ask
                .set_continuation_token(token)
                .send()
                .await
                .map_err(|e| self.refused("the packets that are there could not be listed", "s3:ListBucket", e))?;
            let names = page.common_prefixes().iter().filter_map(|p| p.prefix()?.strip_prefix(prefix));
            out.extend(names.map(|n| n.trim_end_matches('/').to_owned()).filter(|n| !n.is_empty()));
            token = page.next_continuation_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        out.sort();
        Ok(out)
    }

    /// Bytes of an object of at most `most`; `None` where there is none.
    ///
    /// # Errors
    /// Where it can't be read, or is larger.
    pub async fn read(&self, key: &str, most: u64) -> Result<Option<Vec<u8>>, UploadError> {
        let told = match self.client.get_object().bucket(&self.name).key(key).send().await {
            Ok(told) => told,
            Err(e) if e.raw_response().is_some_and(|r| r.status().as_u16() == 404) => return Ok(None),
            Err(e) => return Err(self.refused(&format!("{key} could not be read"), "s3:GetObject", e)),
        };
        let broken = |what: String| UploadError {
            message: self.hidden.clean(&format!("s3://{}/{key} could not be read: {what}", self.name)),
            help: "publish again".to_owned(),
        };
        let size = told.content_length().and_then(|n| u64::try_from(n).ok()).unwrap_or(u64::MAX);
        if size > most {
            return Err(broken(format!("larger than {most} bytes")));
        }
        let body = told.body.collect().await.map_err(|e| broken(e.to_string()))?;
        Ok(Some(body.to_vec()))
    }

    /// Stores a page that may change later, without a lock of its own; true where it was not there with these bytes. In
    /// a bucket with versions the earlier ones stay.
    ///
    /// # Errors
    /// Where it can't be stored.
    pub async fn page(
        &self,
        key: &str,
        content: Vec<u8>,
        sha256: &str,
        media: &'static str,
    ) -> Result<bool, UploadError> {
        let sum = base64::encode(bytes(sha256));
        if self.head(key, None).await?.is_some_and(|head| head.sum.as_deref() == Some(sum.as_str())) {
            return Ok(false);
        }
        let ask = self.client.put_object().bucket(&self.name).key(key).content_type(media);
        let ask = ask.checksum_algorithm(ChecksumAlgorithm::Sha256).checksum_sha256(sum);
        ask.body(content.into())
            .send()
            .await
            .map_err(|e| self.refused(&format!("{key} was not stored"), "s3:PutObject", e))?;
        Ok(true)
    }
}
