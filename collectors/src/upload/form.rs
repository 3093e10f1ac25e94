//! Files as forms take them (`multipart/form-data`, RFC 7578).

use bytes::Bytes;

/// A file to hand in.
#[derive(Debug, Clone)]
pub struct File {
    /// Name: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// Media type.
    pub media: &'static str,
    /// Bytes.
    pub bytes: Bytes,
    /// Their SHA-256, in lower-case hexadecimal.
    pub sha256: String,
}

impl File {
    /// Media type and bytes of a form with some texts and this file, the file last.
    pub(super) fn form(&self, texts: &[(&str, &str)]) -> (String, Bytes) {
        // No content holds its own hash.
        let boundary = format!("backproof-{}", self.sha256.get(..32).unwrap_or(&self.sha256));
        let mut out = Vec::with_capacity(self.bytes.len() + 1024);
        for (name, value) in texts {
            let part = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            out.extend(part.into_bytes());
        }
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            self.name, self.media
        );
        out.extend(head.into_bytes());
        out.extend(&self.bytes);
        out.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
        (format!("multipart/form-data; boundary={boundary}"), out.into())
    }
}
