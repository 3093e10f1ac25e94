//! Objects of S3 while they come: their bytes go through a reader on a thread of its own, in bounded memory.
//!
//! An object that breaks off, stalls, is shorter than announced, or whose bytes are not those of its checksum never
//! reaches its end for the reader: it gets an error in place of the end, so nothing half is kept, and the object is asked
//! for again. The SDK compares the checksums that it knows; an ETag that is an MD5 is compared here.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::types::ServerSideEncryption;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use bytes::Bytes;
use md5::{Digest, Md5};
use model::time::Instant;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::capture::{Body, Raw, Refusal, Told, told_within};
use super::question::Question;
use crate::fetch::PutError;
use crate::net::{Halt, Trail};

/// Slowest that a long object may come in the mean: 256 KiB a second.
const SLOWEST: u64 = 256 << 10;
/// Pieces that may wait for their reader.
const AHEAD: usize = 4;

/// Reads an object of so many bytes, to its end or as far as it needs.
pub(crate) type Take<T> = Arc<dyn Fn(u64, &mut dyn Read) -> Result<T, PutError> + Send + Sync>;

/// An object that arrived.
#[derive(Debug)]
pub(crate) struct Object<T> {
    /// What its reader made of it.
    pub taken: T,
    /// The server's name for this state of it, without quotes.
    pub etag: Option<String>,
    /// When it was stored (UTC).
    pub modified_at: Option<Instant>,
    /// The answer's head.
    pub raw: Raw,
}

/// How asking for an object ended.
#[derive(Debug)]
pub(crate) enum Got<T> {
    /// It arrived.
    Object(Box<Object<T>>),
    /// A refusal.
    Refused(Refusal),
    /// Nothing to be had; the problem is told.
    Nothing,
}

/// Whom to ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct From<'a> {
    /// The client.
    pub client: &'a aws_sdk_s3::Client,
    /// Account that must own the bucket, where known.
    pub owner: Option<&'a str>,
    /// It is AWS itself, whose ETags are what its reference says.
    pub aws: bool,
}

/// Asks for the object that the question names by `bucket` and `key`. `size` is what a list told, for how long it may take.
///
/// # Errors
/// [`Halt::Stopped`] and [`Halt::Store`].
pub(crate) async fn object<T: Send + 'static>(
    trail: &mut Trail,
    from: From<'_>,
    question: &Question,
    size: u64,
    take: Take<T>,
) -> Result<Got<T>, Halt> {
    let limits = trail.context.limits;
    let within = limits.answer + limits.connect + Duration::from_secs(size / SLOWEST);
    let readers: Readers = Arc::default();
    let told = told_within(trail, question, within, Body::Streamed, |capture| {
        let option = |name| question.options.get(name).cloned();
        let ask = from.client.get_object().set_bucket(option("bucket")).set_key(option("key"));
        let ask = ask.set_expected_bucket_owner(from.owner.map(str::to_owned));
        let (take, readers) = (Arc::clone(&take), Arc::clone(&readers));
        async move {
            let output = ask.customize().interceptor(capture).send().await?;
            arrive(output, from.aws, limits.silence, take, &readers).await
        }
    })
    .await;
    // Also after a stop: the store must not be written to by a reader that nobody waits for.
    settle(&readers).await;
    Ok(match told? {
        Told::Answer((Ok(taken), head), raw) => {
            Got::Object(Box::new(Object { taken, etag: head.etag, modified_at: head.modified_at, raw }))
        }
        Told::Answer((Err(PutError::Source(e) | PutError::Store(e)), _), _) => return Err(Halt::Store(e)),
        Told::Refused(refusal) => Got::Refused(refusal),
        Told::Nothing => Got::Nothing,
    })
}

/// Threads that read, of which at most one is at work.
type Readers = Arc<Mutex<Vec<JoinHandle<()>>>>;

async fn settle(readers: &Readers) {
    let all = std::mem::take(&mut *readers.lock().unwrap_or_else(PoisonError::into_inner));
    for reader in all {
        // A reader that panicked has answered nothing, which its attempt has seen.
        let _ = reader.await;
    }
}

struct Head {
    etag: Option<String>,
    modified_at: Option<Instant>,
}

type Failed = SdkError<GetObjectError, HttpResponse>;

fn failed(why: impl Into<String>) -> Failed {
    SdkError::dispatch_failure(ConnectorError::io(why.into().into()))
}

/// Hands the body on, piece by piece.
async fn arrive<T: Send + 'static>(
    output: GetObjectOutput,
    aws: bool,
    silence: Duration,
    take: Take<T>,
    readers: &Readers,
) -> Result<(Result<T, PutError>, Head), Failed> {
    settle(readers).await;
    let Some(size) = output.content_length().and_then(|n| u64::try_from(n).ok()) else {
        return Err(failed("the answer does not tell how long the object is"));
    };
    let modified_at = output.last_modified().and_then(|t| Instant::from_timestamp(t.secs(), 0));
    let etag = output.e_tag().map(|e| e.trim_matches('"').to_owned());
    let md5 = etag.clone().filter(|e| is_md5(e) && plain(&output, aws));
    let (pieces, incoming) = mpsc::channel(AHEAD);
    let (answer, answered) = tokio::sync::oneshot::channel();
    let reader = tokio::task::spawn_blocking(move || {
        let mut content = Incoming { pieces: incoming, piece: Bytes::new(), left: size, over: false };
        let taken = take(size, &mut Checked::new(&mut content, md5, "the object's ETag"));
        // Nobody waits any more after a stop.
        let _ = answer.send(taken);
    });
    readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
    let mut body = output.body;
    let end = loop {
        match timeout(silence, body.next()).await {
            Err(_) => break Piece::Broken(format!("the object stops in the middle for {} s", silence.as_secs())),
            Ok(None) => break Piece::End,
            Ok(Some(Err(e))) => break Piece::Broken(format!("the object breaks off: {}", super::capture::chain(&e))),
            Ok(Some(Ok(bytes))) => {
                // A reader that is gone has seen enough.
                if pieces.send(Piece::Bytes(bytes)).await.is_err() {
                    break Piece::End;
                }
            }
        }
    };
    let _ = pieces.send(end).await;
    drop(pieces);
    match answered.await {
        Ok(Ok(taken)) => Ok((Ok(taken), Head { etag, modified_at })),
        Ok(Err(PutError::Store(e))) => Ok((Err(PutError::Store(e)), Head { etag, modified_at })),
        Ok(Err(PutError::Source(e))) => Err(failed(e.to_string())),
        Err(_) => Err(failed("the object could not be read (a defect: please report it)")),
    }
}

/// True where an ETag of this form may be the MD5 of the content: objects of several parts have a hyphen in it.
fn is_md5(etag: &str) -> bool {
    etag.len() == 32 && etag.bytes().all(|b| b.is_ascii_hexdigit())
}

/// True where the server encrypts in no way that makes the ETag something else. With SSE-C and SSE-KMS it is no MD5 (S3
/// API reference, "Object"); with SSE-S3 it is one in AWS, and not everywhere.
fn plain(output: &GetObjectOutput, aws: bool) -> bool {
    output.sse_customer_algorithm().is_none()
        && match output.server_side_encryption() {
            None => true,
            Some(kind) => aws && *kind == ServerSideEncryption::Aes256,
        }
}

enum Piece {
    Bytes(Bytes),
    /// Nothing follows.
    End,
    /// It will not come to its end.
    Broken(String),
}

/// What comes, as a reader. It ends only where everything came that was announced.
struct Incoming {
    pieces: mpsc::Receiver<Piece>,
    piece: Bytes,
    left: u64,
    over: bool,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let cut = |why: String| io::Error::new(io::ErrorKind::UnexpectedEof, why);
        while self.piece.is_empty() {
            if self.over {
                return Ok(0);
            }
            match self.pieces.blocking_recv() {
                Some(Piece::Bytes(bytes)) => self.piece = bytes,
                Some(Piece::Broken(why)) => return Err(cut(why)),
                None => return Err(cut("the object was given up".to_owned())),
                Some(Piece::End) if self.left > 0 => {
                    return Err(cut(format!("the object ends {} bytes before its announced end", self.left)));
                }
                Some(Piece::End) => self.over = true,
            }
        }
        let n = self.piece.len().min(buffer.len());
        let piece = self.piece.split_to(n);
        self.left =
            self.left.checked_sub(n as u64).ok_or_else(|| cut("the object is longer than announced".to_owned()))?;
        buffer[..n].copy_from_slice(&piece);
        Ok(n)
    }
}

/// A reader that ends in an error where its bytes have another MD5 than they should.
pub(crate) struct Checked<'r> {
    inner: &'r mut dyn Read,
    hash: Md5,
    wanted: Option<String>,
    whose: &'static str,
}

impl<'r> Checked<'r> {
    /// `wanted` is hexadecimal; `None` compares nothing. `whose` says where it comes from.
    pub(crate) fn new(inner: &'r mut dyn Read, wanted: Option<String>, whose: &'static str) -> Self {
        Self { inner, hash: Md5::new(), wanted, whose }
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        let Some(wanted) = &self.wanted else { return Ok(n) };
        self.hash.update(&buffer[..n]);
        if n == 0 && !buffer.is_empty() && !wanted.eq_ignore_ascii_case(&hex(&self.hash.clone().finalize())) {
            let why = format!("the bytes that came are not those of {}", self.whose);
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(n)
    }
}

/// MD5, lower-case hex.
pub(crate) fn md5(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
