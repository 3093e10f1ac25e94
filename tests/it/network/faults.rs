//! The ways in which a server misbehaves.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::server::{Cursor, Good, Request, Service, bytes};

/// A way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Refused,
    ResetBefore,
    ResetInBody,
    Stall,
    SlowDrip,
    ShortBody,
    Unauthorized,
    Forbidden,
    AmbiguousNotFound,
    LimitWithRetryAfter,
    LimitWithout,
    ServerError,
    BadGatewayHtml,
    SlowDown,
    ErrorInGoodStatus,
    BrokenCursor,
    CursorLoop,
    DuplicatePage,
    MissingPage,
    ListChanges,
    BadJson,
    DeepJson,
    Mistyped,
    Oversize,
    GzipBomb,
    ClockSkew,
    CrossHostRedirect,
    /// Bad once, good from then on: the source must end complete.
    HealsAfterError,
    HealsAfterLimit,
}

/// Every fault.
pub const FAULTS: &[Fault] = &[
    Fault::Refused,
    Fault::ResetBefore,
    Fault::ResetInBody,
    Fault::Stall,
    Fault::SlowDrip,
    Fault::ShortBody,
    Fault::Unauthorized,
    Fault::Forbidden,
    Fault::AmbiguousNotFound,
    Fault::LimitWithRetryAfter,
    Fault::LimitWithout,
    Fault::ServerError,
    Fault::BadGatewayHtml,
    Fault::SlowDown,
    Fault::ErrorInGoodStatus,
    Fault::BrokenCursor,
    Fault::CursorLoop,
    Fault::DuplicatePage,
    Fault::MissingPage,
    Fault::ListChanges,
    Fault::BadJson,
    Fault::DeepJson,
    Fault::Mistyped,
    Fault::Oversize,
    Fault::GzipBomb,
    Fault::ClockSkew,
    Fault::CrossHostRedirect,
    Fault::HealsAfterError,
    Fault::HealsAfterLimit,
];

/// What goes over the wire.
pub enum Twisted {
    /// As it should be.
    Good(Good),
    /// As it should be, and then nobody listens any more.
    LastBeforeRefusal(Good),
    /// Exactly these bytes.
    Raw(Vec<u8>),
    /// These bytes, then a reset.
    Reset(Vec<u8>),
    /// These bytes, then silence.
    Stall(Vec<u8>),
    /// These bytes, one at a time.
    Drip(Vec<u8>),
}

impl Fault {
    /// True where the source must end complete all the same: nothing is missing.
    pub const fn heals(self) -> bool {
        matches!(self, Self::HealsAfterError | Self::HealsAfterLimit | Self::ClockSkew)
    }

    /// What the server does when page `page` is asked for and the fault is at page `at`.
    pub fn at(
        self,
        at: usize,
        page: usize,
        hits: &AtomicUsize,
        service: &dyn Service,
        request: &Request,
        base: &str,
    ) -> Twisted {
        let good = || service.answer(request, base);
        if self == Self::Refused {
            return if page + 1 == at { Twisted::LastBeforeRefusal(good()) } else { Twisted::Good(good()) };
        }
        if page != at {
            return Twisted::Good(good());
        }
        let before = hits.fetch_add(1, Ordering::SeqCst);
        let refusal = |status: u16| Good::ok(service.refusal(status)).status(status);
        let cut = |good: &Good, keep: usize| {
            let mut raw = bytes(good);
            raw.truncate(raw.len().saturating_sub(good.body.len() - keep.min(good.body.len())));
            raw
        };
        match self {
            Self::Refused => unreachable!("handled above"),
            Self::ResetBefore => Twisted::Reset(Vec::new()),
            Self::ResetInBody => Twisted::Reset(cut(&good(), good().body.len() / 2)),
            Self::Stall => Twisted::Stall(cut(&good(), 10)),
            Self::SlowDrip => Twisted::Drip(bytes(&good())),
            Self::ShortBody => Twisted::Raw(cut(&good(), good().body.len() / 2)),
            Self::Unauthorized => Twisted::Good(refusal(401)),
            Self::Forbidden => Twisted::Good(refusal(403)),
            Self::AmbiguousNotFound => Twisted::Good(refusal(404)),
            Self::LimitWithRetryAfter => Twisted::Good(refusal(429).header("Retry-After", "3600")),
            Self::LimitWithout => Twisted::Good(refusal(429)),
            Self::ServerError => Twisted::Good(refusal(500)),
            Self::BadGatewayHtml => {
                let html = Good::ok("<html><body><h1>502 Bad Gateway</h1></body></html>").status(502);
                Twisted::Good(html.header("Content-Type", "text/html"))
            }
            Self::SlowDown => Twisted::Good(refusal(503)),
            Self::ErrorInGoodStatus => {
                let headers = good().headers;
                Twisted::Good(Good { status: 200, headers, body: service.error_body() })
            }
            Self::BrokenCursor => Twisted::Good(service.with_cursor(&good(), request, base, Cursor::Broken)),
            Self::CursorLoop => Twisted::Good(service.with_cursor(&good(), request, base, Cursor::Loop)),
            // The content of another page under this one's cursor: its own items are missing.
            Self::DuplicatePage => {
                let other = service.answer(&service.of_page(request, if at == 0 { 1 } else { at - 1 }), base);
                Twisted::Good(service.same_cursor(&good(), &other))
            }
            Self::MissingPage => Twisted::Good(service.emptied(&good())),
            // The same page answers with other items each time that it is asked for.
            Self::ListChanges => {
                let shifted = service.answer(&service.of_page(request, (at + 1 + before) % 3), base);
                Twisted::Good(service.same_cursor(&good(), &shifted))
            }
            Self::BadJson => Twisted::Good(Good { body: good().body.replacen(['{', '<'], "}", 1), ..good() }),
            Self::DeepJson => {
                let deep = if good().body.starts_with('<') { "<a>".repeat(200_000) } else { "[".repeat(200_000) };
                Twisted::Good(Good { body: deep, ..good() })
            }
            Self::Mistyped => Twisted::Good(service.mistyped(&good())),
            Self::Oversize => {
                // Announced in full, sent for as long as anybody reads.
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 300_u64 << 20);
                let mut raw = head.into_bytes();
                raw.extend(std::iter::repeat_n(b' ', 80 << 20));
                Twisted::Raw(raw)
            }
            Self::GzipBomb => {
                use std::io::Write;
                let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
                for _ in 0..128 {
                    zipped.write_all(&[b' '; 1 << 20]).unwrap();
                }
                let zipped = zipped.finish().unwrap();
                let mut raw = format!(
                    "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    zipped.len()
                )
                .into_bytes();
                raw.extend(zipped);
                Twisted::Raw(raw)
            }
            Self::ClockSkew => Twisted::Good(good().header("Date", "Thu, 01 Jan 2026 00:00:00 GMT")),
            Self::CrossHostRedirect => {
                let to = format!("http://localhost.example:9{}", request.path);
                Twisted::Good(Good::ok("").status(302).header("Location", to))
            }
            Self::HealsAfterError if before == 0 => Twisted::Good(refusal(500)),
            Self::HealsAfterLimit if before == 0 => Twisted::Good(refusal(429).header("Retry-After", "1")),
            Self::HealsAfterError | Self::HealsAfterLimit => Twisted::Good(good()),
        }
    }
}
