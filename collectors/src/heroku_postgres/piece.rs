//! Recognises what each JSON object is, and reads single fields of it.

use model::time::{Instant, TimeError, instant};
use serde_json::Value;

use crate::{Batch, Document, Sink, problem};

/// The add-on service of databases.
pub(super) const POSTGRES: &str = "heroku-postgresql";

/// What an object is, told by its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Transfer,
    /// A whole list of transfers, itself: what is not in it is gone.
    TransferList,
    Schedule,
    /// An empty list of schedules.
    NoSchedule,
    Info,
    Advanced,
    Addon,
    Attachment,
    App,
}

/// One object and where it stands.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub(super) shape: Shape,
    pub(super) document: &'a Document,
    pub(super) pointer: String,
    pub(super) value: Value,
    /// App and add-on named by an object around it.
    pub(super) app: Option<String>,
    pub(super) addon: Option<String>,
    /// When the answer was given: as stated around it, else when the file was written, else when
    /// it was collected (UTC).
    pub(super) at: Instant,
}

struct Around {
    pointer: String,
    app: Option<String>,
    addon: Option<String>,
    at: Instant,
}

/// Cuts an answer into its objects; true where no problem was told.
pub(super) fn split<'a>(
    batch: &Batch<'_>,
    document: &'a Document,
    value: Value,
    sink: &mut dyn Sink,
    out: &mut Vec<Piece<'a>>,
) -> bool {
    let at = document.modified_at().map_or(batch.collected_at, |m| m.min(batch.collected_at));
    let around = Around { pointer: String::new(), app: None, addon: None, at };
    walk(document, &around, None, value, sink, out)
}

/// True where no problem was told.
fn walk<'a>(
    document: &'a Document,
    around: &Around,
    list: Option<&str>,
    value: Value,
    sink: &mut dyn Sink,
    out: &mut Vec<Piece<'a>>,
) -> bool {
    let piece = |shape, value| Piece {
        shape,
        document,
        pointer: around.pointer.clone(),
        value,
        app: around.app.clone(),
        addon: around.addon.clone(),
        at: around.at,
    };
    match value {
        Value::Array(items) => {
            let what = list.unwrap_or_else(|| document.file_name());
            if items.iter().any(|i| shape(i) == Some(Shape::Transfer)) || items.is_empty() && what.contains("transfers")
            {
                out.push(piece(Shape::TransferList, Value::Null));
            } else if items.is_empty() && what.contains("schedules") {
                out.push(piece(Shape::NoSchedule, Value::Null));
            }
            let mut quiet = true;
            for (n, item) in items.into_iter().enumerate() {
                let inner = Around {
                    pointer: format!("{}/{n}", around.pointer),
                    app: around.app.clone(),
                    addon: around.addon.clone(),
                    at: around.at,
                };
                quiet &= walk(document, &inner, None, item, sink, out);
            }
            quiet
        }
        Value::Object(mut fields) => {
            let value = Value::Object(fields.clone());
            if let Some(shape) = shape(&value) {
                out.push(piece(shape, value));
                return true;
            }
            if let (Some(id), Some(message)) = (text(&value, "id"), text(&value, "message")) {
                sink.problem(problem(
                    document,
                    (!around.pointer.is_empty()).then(|| around.pointer.clone()),
                    format!("Heroku answered with an error instead of data ({id}): {}; see its status page or the rights of the token", without_secrets(&message)),
                ));
                return false;
            }
            let named = |key: &str| text(&value, key).or_else(|| value.get(key).and_then(|v| text(v, "name")));
            let at = text(&value, "listed_at").and_then(|t| instant(&t, None).ok()).unwrap_or(around.at);
            let mut quiet = true;
            for key in ["transfers", "schedules", "addons", "attachments", "apps", "databases", "database", "info"] {
                if let Some(inner) = fields.remove(key) {
                    let around = Around {
                        pointer: format!("{}/{key}", around.pointer),
                        app: named("app").or_else(|| around.app.clone()),
                        addon: named("addon").or_else(|| text(&value, "addon_id")).or_else(|| around.addon.clone()),
                        at,
                    };
                    quiet &= walk(document, &around, Some(key), inner, sink, out);
                }
            }
            quiet
        }
        _ => true,
    }
}

/// What an object is.
pub(super) fn shape(value: &Value) -> Option<Shape> {
    let has = |key: &str| value.get(key).is_some();
    if !value.is_object() {
        None
    } else if has("num") && (has("from_type") || has("to_type")) {
        Some(Shape::Transfer)
    } else if has("hour") && (has("timezone") || has("days")) && has("name") {
        Some(Shape::Schedule)
    } else if value.get("info").and_then(Value::as_array).is_some_and(|i| i.iter().all(|r| r.get("name").is_some())) {
        Some(Shape::Info)
    } else if has("features") && has("addon") {
        Some(Shape::Advanced)
    } else if has("addon_service") && has("plan") && has("name") {
        Some(Shape::Addon)
    } else if has("addon") && has("app") && has("name") {
        Some(Shape::Attachment)
    } else if has("name") && (has("git_url") || has("released_at") || has("slug_size")) {
        Some(Shape::App)
    } else {
        None
    }
}

/// A text field; numbers are written out.
pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(s) if !s.is_empty() => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// A count; older answers write some as text.
pub(super) fn count(value: &Value, key: &str) -> Option<u64> {
    let field = value.get(key)?;
    field.as_u64().or_else(|| field.as_str()?.parse().ok())
}

/// A time: `2024-05-28 11:19:37 +0000` of the data API, or RFC 3339.
///
/// One that can't be read is a problem, and absent.
pub(super) fn time(
    batch: &Batch<'_>,
    piece: &Piece<'_>,
    value: &Value,
    key: &str,
    sink: &mut dyn Sink,
) -> (Option<Instant>, bool) {
    let Some(text) = text(value, key) else { return (None, false) };
    match instant(&text, batch.timezone) {
        Ok(at) => (Some(at), false),
        Err(TimeError::ZoneUnknown(_)) => (None, true),
        Err(e) => {
            sink.problem(problem(piece.document, Some(format!("{}/{key}", piece.pointer)), e.to_string()));
            (None, false)
        }
    }
}

/// A message of Heroku without the addresses and passwords that tools print into it.
pub(super) fn without_secrets(message: &str) -> String {
    let clean = |word: &str| {
        let lower = word.to_lowercase();
        if word.contains("://") {
            "[address removed]".to_owned()
        } else if ["password=", "passwd=", "token=", "secret=", "signature="].iter().any(|s| lower.contains(s)) {
            "[secret removed]".to_owned()
        } else {
            word.to_owned()
        }
    };
    message.split_whitespace().map(clean).collect::<Vec<_>>().join(" ")
}
