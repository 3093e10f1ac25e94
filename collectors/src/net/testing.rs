//! A server on this machine that answers as a test says, and misbehaves as a test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Context, Limits, Objects, Trail};
use crate::fetch::PutError;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `GET /path?query`.
    pub line: String,
    /// Header lines, lower-case names.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Seen {
    /// Path with query.
    pub fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// What a server does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A whole answer.
    Whole(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Exactly these bytes, then the connection ends.
    Raw(Vec<u8>),
    /// These bytes, then silence.
    Stall(Vec<u8>),
}

impl Reply {
    /// A JSON answer.
    pub fn json(body: &str) -> Self {
        Self::Whole(200, vec![("content-type", "application/json".to_owned())], body.as_bytes().to_vec())
    }
    /// Another status.
    pub fn status(status: u16, body: &str) -> Self {
        Self::Whole(status, Vec::new(), body.as_bytes().to_vec())
    }
    /// The same with a header.
    pub fn header(self, name: &'static str, value: impl Into<String>) -> Self {
        match self {
            Self::Whole(status, mut headers, body) => {
                headers.push((name, value.into()));
                Self::Whole(status, headers, body)
            }
            other => other,
        }
    }
}

/// The server; it ends with the test's process.
pub struct Server {
    /// Base address.
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Starts one. `answer` gets the number of requests before this one, and the request.
    pub fn start(answer: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, all) = (Arc::new(answer), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, all) = (Arc::clone(&answer), Arc::clone(&all));
                std::thread::spawn(move || serve(&stream, &*answer, &all));
            }
        });
        Self { url, seen }
    }

    /// Requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(stream: &TcpStream, answer: &dyn Fn(usize, &Seen) -> Reply, all: &Mutex<Vec<Seen>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).unwrap_or(0) <= 2 {
            break;
        }
        if let Some((name, value)) = header.trim_end().split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let length = headers.iter().find(|(n, _)| n == "content-length").and_then(|(_, v)| v.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    let seen = Seen { line: line.trim_end().to_owned(), headers, body };
    let before = {
        let mut all = all.lock().unwrap();
        all.push(seen.clone());
        all.len() - 1
    };
    let mut stream = stream;
    match answer(before, &seen) {
        Reply::Whole(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
            if status != 204 && status != 304 {
                head += &format!("content-length: {}\r\n", body.len());
            }
            for (name, value) in headers {
                head += &format!("{name}: {value}\r\n");
            }
            let _ = stream.write_all(format!("{head}\r\n").as_bytes()).and_then(|()| stream.write_all(&body));
        }
        Reply::Raw(bytes) => {
            let _ = stream.write_all(&bytes);
        }
        Reply::Stall(bytes) => {
            let _ = stream.write_all(&bytes);
            std::thread::sleep(Duration::from_secs(30));
        }
    }
}

/// A store in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<std::collections::BTreeMap<String, Vec<u8>>>);

impl Memory {
    /// Everything kept, as one text: for looking for secrets.
    pub fn everything(&self) -> String {
        self.0.lock().unwrap().values().map(|b| String::from_utf8_lossy(b).into_owned()).collect()
    }
}

impl Objects for Memory {
    fn put(&self, content: &mut dyn Read) -> Result<(String, u64), PutError> {
        use sha2::{Digest, Sha256};
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).map_err(PutError::Source)?;
        let digest: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        let size = bytes.len() as u64;
        self.0.lock().unwrap().insert(digest.clone(), bytes);
        Ok((digest, size))
    }
    fn get(&self, digest: &str) -> std::io::Result<Vec<u8>> {
        self.0.lock().unwrap().get(digest).cloned().ok_or_else(|| std::io::Error::other("no such object"))
    }
}

/// Short limits, for tests.
pub fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(1),
        answer: Duration::from_secs(1),
        silence: Duration::from_millis(500),
        attempts: 3,
        patience: Duration::from_secs(2),
        body: 1 << 20,
        pages: 100,
    }
}

/// What the world lends to a test.
#[allow(clippy::disallowed_methods, reason = "a test has a clock")]
pub fn context(objects: Arc<Memory>) -> (Context, tokio::sync::watch::Sender<bool>) {
    let (sender, stop) = tokio::sync::watch::channel(false);
    let context = Context {
        objects,
        now: chrono::Utc::now,
        chance: || 0.0,
        tell: Arc::new(|_| {}),
        stop,
        limits: limits(),
        known: Arc::default(),
        last_complete: None,
    };
    (context, sender)
}

/// Runs a future to its end.
pub fn run<T>(future: impl std::future::Future<Output = T>) -> T {
    // A second call finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A trail over a store in memory.
pub fn trail() -> (Trail, Arc<Memory>, tokio::sync::watch::Sender<bool>) {
    let objects = Arc::new(Memory::default());
    let (context, stop) = context(Arc::clone(&objects));
    (Trail::new(context, Vec::new()), objects, stop)
}
