//! A server on this machine that answers for a service, and misbehaves at one page of one of its lists.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::faults::{Fault, Twisted};

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// Path without query, decoded as little as possible.
    pub path: String,
    /// Query parameters, percent-decoded.
    pub query: BTreeMap<String, String>,
    /// Header lines, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Body.
    pub body: String,
}

/// A good answer.
#[derive(Debug, Clone)]
pub struct Good {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

impl Good {
    /// 200 with this body.
    pub fn ok(body: impl Into<String>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into() }
    }
    /// The same with a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
    /// The same with another status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

/// A service whose answers are known.
pub trait Service: Send + Sync {
    /// The answer to a request; `base` is the server's own address.
    fn answer(&self, request: &Request, base: &str) -> Good;
    /// Which page (0, 1, 2) of the list under test the request asks for.
    fn page(&self, request: &Request) -> Option<usize>;
    /// The request that asks for page `page` of that list, given the one for another page.
    fn of_page(&self, request: &Request, page: usize) -> Request;
    /// The cursor of one answer in another.
    fn same_cursor(&self, from: &Good, to: &Good) -> Good;
    /// The body of an error that the service answers with a good status.
    fn error_body(&self) -> String;
    /// The body of a refusal with this status.
    fn refusal(&self, status: u16) -> String;
    /// The same answer with its cursor to the next page replaced.
    fn with_cursor(&self, good: &Good, request: &Request, base: &str, cursor: Cursor) -> Good;
    /// The same answer with the page's items gone, as far as the service's form allows an answer without them.
    fn emptied(&self, good: &Good) -> Good;
    /// The same body with the values of its items of the wrong types.
    fn mistyped(&self, good: &Good) -> Good;
}

/// What a cursor is replaced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// One that the server does not know.
    Broken,
    /// That of the first page.
    Loop,
}

/// A running server. Dropped, it stops listening.
pub struct Server {
    address: SocketAddr,
    open: Arc<AtomicBool>,
}

impl Server {
    /// Its base address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts to answer for `service`, with `fault` at page `at` of its list.
    pub fn start(service: Arc<dyn Service>, fault: Option<(Fault, usize)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::new(AtomicBool::new(true));
        let server = Self { address, open: Arc::clone(&open) };
        if fault == Some((Fault::Refused, 0)) {
            return server;
        }
        let hits = Arc::new(AtomicUsize::new(0));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if !open.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (service, open, hits) = (service.clone(), open.clone(), hits.clone());
                thread::spawn(move || {
                    if serve(stream, &*service, fault, &hits, address).is_none() {
                        // The page before the refused one was answered: nobody listens any more.
                        open.store(false, Ordering::SeqCst);
                        let _ = TcpStream::connect(address);
                    }
                });
            }
        });
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.open.store(false, Ordering::SeqCst);
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_millis(200));
    }
}

/// Answers one request; `None` where the server is to stop listening.
fn serve(
    mut stream: TcpStream,
    service: &dyn Service,
    fault: Option<(Fault, usize)>,
    hits: &AtomicUsize,
    address: SocketAddr,
) -> Option<()> {
    let base = format!("http://{address}");
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    // Looked at without taking it: closing a connection with unread bytes resets it.
    let Some((request, length)) = look(&stream) else { return Some(()) };
    let page = service.page(&request);
    let twisted = match (fault, page) {
        (Some((fault, at)), Some(page)) => fault.at(at, page, hits, service, &request, &base),
        _ => Twisted::Good(service.answer(&request, &base)),
    };
    let take = |stream: &mut TcpStream| {
        let mut whole = vec![0; length];
        let _ = stream.read_exact(&mut whole);
    };
    match twisted {
        Twisted::Good(good) => {
            take(&mut stream);
            let _ = stream.write_all(&bytes(&good));
        }
        Twisted::LastBeforeRefusal(good) => {
            take(&mut stream);
            let _ = stream.write_all(&bytes(&good));
            return None;
        }
        Twisted::Raw(raw) => {
            take(&mut stream);
            let _ = stream.write_all(&raw);
        }
        Twisted::Reset(raw) => {
            let _ = stream.write_all(&raw);
            thread::sleep(Duration::from_millis(50));
        }
        Twisted::Stall(raw) => {
            take(&mut stream);
            let _ = stream.write_all(&raw);
            thread::sleep(Duration::from_secs(8));
        }
        Twisted::Drip(raw) => {
            take(&mut stream);
            for byte in raw {
                if stream.write_all(&[byte]).is_err() {
                    break;
                }
                thread::sleep(Duration::from_millis(40));
            }
        }
    }
    Some(())
}

/// A whole answer on the wire.
pub fn bytes(good: &Good) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Status\r\nconnection: close\r\n", good.status);
    for (name, value) in &good.headers {
        head += &format!("{name}: {value}\r\n");
    }
    if good.status != 204 && good.status != 304 {
        head += &format!("content-length: {}\r\n", good.body.len());
    }
    format!("{head}\r\n{}", good.body).into_bytes()
}

/// The request that waits in the connection, and its length.
fn look(stream: &TcpStream) -> Option<(Request, usize)> {
    let mut buffer = vec![0; 1 << 16];
    for _ in 0..400 {
        let n = stream.peek(&mut buffer).ok()?;
        if n == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let mut first = lines.next()?.split(' ');
            let (method, target) = (first.next()?.to_owned(), first.next()?);
            let headers: BTreeMap<String, String> = lines
                .filter_map(|l| l.split_once(':'))
                .map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()))
                .collect();
            let length = headers.get("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                let (path, query) = target.split_once('?').unwrap_or((target, ""));
                let query = query
                    .split('&')
                    .filter(|p| !p.is_empty())
                    .map(|p| p.split_once('=').unwrap_or((p, "")))
                    .map(|(k, v)| (decoded(k), decoded(v)))
                    .collect();
                let request = Request { method, path: path.to_owned(), query, headers, body: body.to_owned() };
                return Some((request, head.len() + 4 + length));
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    None
}

fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let hex: String = bytes.by_ref().take(2).map(char::from).collect();
                out.push(u8::from_str_radix(&hex, 16).unwrap_or(b'?'));
            }
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
