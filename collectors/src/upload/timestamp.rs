//! Asks a time-stamping authority over HTTP (RFC 3161 section 3.4). What its reply is worth, others tell.

use bytes::Bytes;
use http::Method;

use super::courier::Call;
use super::{Courier, UploadError};

/// Sends a request (`TimeStampReq`) to the courier's address; answers the reply as it came.
///
/// # Errors
/// Where no answer could be had.
pub async fn ask(courier: &Courier, request: Vec<u8>) -> Result<Vec<u8>, UploadError> {
    let body = Some(("application/timestamp-query".to_owned(), Bytes::from(request)));
    // A second timestamp over the same hash does no harm.
    let call = Call { method: Method::POST, path: String::new(), body, again: true };
    courier.send("the time-stamping authority", &call).await.map_err(|e| e.error)
}
