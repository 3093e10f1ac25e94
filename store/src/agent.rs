//! A key held by ssh-agent.
//!
//! The two requests that signing needs (`SSH_AGENTC_REQUEST_IDENTITIES`, `SSH_AGENTC_SIGN_REQUEST`)
//! of the agent protocol, draft-ietf-sshm-ssh-agent, over the agent's Unix socket. The answer is
//! not trusted: its length is bounded, and the signature is checked before it is used.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use ssh_key::{Algorithm, PublicKey, Signature};

const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// Longest answer that OpenSSH's agent gives (`AGENT_MAX_LEN`).
const ANSWER_LIMIT: usize = 256 * 1024;
/// An agent may ask its user to confirm (`ssh-add -c`); nobody there must not stop a run for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ed25519 keys that the agent at `socket` holds.
pub(crate) fn identities(socket: &Path) -> io::Result<Vec<PublicKey>> {
    let answer = ask(socket, &[REQUEST_IDENTITIES], IDENTITIES_ANSWER)?;
    let mut rest = answer.as_slice();
    let mut keys = Vec::new();
    for _ in 0..number(&mut rest)? {
        let blob = string(&mut rest)?;
        let comment = string(&mut rest)?;
        // Kinds of keys that are not known here are none of ours.
        if let Ok(mut key) = PublicKey::from_bytes(blob)
            && key.algorithm() == Algorithm::Ed25519
        {
            key.set_comment(String::from_utf8_lossy(comment));
            keys.push(key);
        }
    }
    Ok(keys)
}

/// Has the agent sign `data` with `key`.
pub(crate) fn sign(socket: &Path, key: &PublicKey, data: &[u8]) -> io::Result<Signature> {
    let mut request = vec![SIGN_REQUEST];
    put_string(&mut request, &key.to_bytes().map_err(io::Error::other)?)?;
    put_string(&mut request, data)?;
    request.extend_from_slice(&0_u32.to_be_bytes());
    let answer = ask(socket, &request, SIGN_RESPONSE)?;
    let mut rest = answer.as_slice();
    Signature::try_from(string(&mut rest)?).map_err(io::Error::other)
}

/// Sends one request and gives the content of the answer, which must be of the kind `wanted`.
fn ask(socket: &Path, request: &[u8], wanted: u8) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut message = Vec::with_capacity(request.len() + 4);
    put_string(&mut message, request)?;
    stream.write_all(&message)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?;
    if length > ANSWER_LIMIT {
        return Err(garbled());
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    match answer.split_first() {
        Some((kind, content)) if *kind == wanted => Ok(content.to_vec()),
        Some((&FAILURE, _)) => Err(io::Error::other("the agent refused")),
        _ => Err(garbled()),
    }
}

fn garbled() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the answer is not one of an ssh-agent")
}

fn number(rest: &mut &[u8]) -> io::Result<u32> {
    let (number, after) = rest.split_first_chunk::<4>().ok_or_else(garbled)?;
    *rest = after;
    Ok(u32::from_be_bytes(*number))
}

fn string<'a>(rest: &mut &'a [u8]) -> io::Result<&'a [u8]> {
    let length = usize::try_from(number(rest)?).map_err(io::Error::other)?;
    let (text, after) = rest.split_at_checked(length).ok_or_else(garbled)?;
    *rest = after;
    Ok(text)
}

fn put_string(message: &mut Vec<u8>, text: &[u8]) -> io::Result<()> {
    message.extend_from_slice(&u32::try_from(text.len()).map_err(io::Error::other)?.to_be_bytes());
    message.extend_from_slice(text);
    Ok(())
}
