//! Schemas of the texts that requests carry: the rules of [`crate::domain`], as regular expressions that a program can check.
//!
//! The lengths are the defaults of the settings; `GET /instance` tells those of a server.

use utoipa::openapi::Ref;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, SchemaFormat, SchemaType, Type};

/// What may stand around a text and is dropped.
const SPACE: &str = r"\t-\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000";
/// Characters that show nothing: white space, and what Unicode calls default-ignorable.
const INVISIBLE: &str = concat!(
    r"\s\u0085\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFF8",
    // Not as escapes: programs do not agree on how to write those of more than four digits.
    "\u{1BCA0}-\u{1BCA3}\u{1D173}-\u{1D17A}\u{E0000}-\u{E0FFF}"
);
/// Control characters, which no text may have.
const CONTROL: &str = r"\u0000-\u001F\u007F-\u009F";
/// What no single line may have besides.
const LINE_BREAK: &str = r"\u2028\u2029";
/// Control characters, which no text of several lines may have.
const CONTROL_WITHOUT_BREAKS: &str = r"\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F";

fn text(max_chars: usize, pattern: String) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).max_length(Some(max_chars)).pattern(Some(pattern))
}

fn or_null(builder: ObjectBuilder) -> Object {
    builder.schema_type(SchemaType::from_iter([Type::String, Type::Null])).build()
}

fn line_of(max_chars: usize) -> ObjectBuilder {
    let inner = format!("[^{CONTROL}{LINE_BREAK}]*");
    let pattern = format!("^[{SPACE}]*{inner}[^{INVISIBLE}{CONTROL}]{inner}[{SPACE}]*$");
    text(max_chars, pattern).min_length(Some(1))
}

/// One line with something to see.
pub(crate) fn line<const MAX: usize>() -> Object {
    line_of(MAX).build()
}

/// The same, or null.
pub(crate) fn optional_line<const MAX: usize>() -> Object {
    or_null(line_of(MAX))
}

/// One line, which may be empty, or null.
pub(crate) fn topic<const MAX: usize>() -> Object {
    or_null(text(MAX, format!("^[{SPACE}]*[^{CONTROL}{LINE_BREAK}]*[{SPACE}]*$")))
}

/// A name to sign in with; upper case is taken for lower case.
pub(crate) fn username() -> Object {
    let pattern = format!("^[{SPACE}]*[A-Za-z][A-Za-z0-9_.-]{{1,31}}[{SPACE}]*$");
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build()
}

/// A message's text, with something to see.
pub(crate) fn message() -> Object {
    let inner = format!("[^{CONTROL_WITHOUT_BREAKS}]*");
    let pattern = format!("^{inner}[^{INVISIBLE}{CONTROL}]{inner}[{SPACE}]*$");
    text(10_000, pattern).min_length(Some(1)).build()
}

/// A message's text, which may be empty beside files.
pub(crate) fn message_beside_files() -> Object {
    text(10_000, format!("^[^{CONTROL_WITHOUT_BREAKS}]*[{SPACE}]*$")).build()
}

/// What a file is called where it comes from, with or without directories before it; 255 characters of it at most are kept.
pub(crate) fn file_name() -> Object {
    let inner = format!("[^{CONTROL}{LINE_BREAK}/\\\\]*");
    let visible = format!("[^{INVISIBLE}{CONTROL}./\\\\]");
    let pattern = format!("^(?:[\\s\\S]*[/\\\\])?[{SPACE}]*{inner}{visible}{inner}[{SPACE}]*$");
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build()
}

/// A text in base64 whose form `format` names: what it says no pattern can check.
fn base64(format: &str) -> Object {
    let format = SchemaFormat::Custom(format.to_owned());
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).content_encoding("base64").build()
}

/// Files, each once.
pub(crate) fn file_ids() -> Array {
    ArrayBuilder::new().items(Ref::from_schema_name("FileId")).max_items(Some(10)).unique_items(true).build()
}

/// Bytes as they are.
pub(crate) fn bytes(format: &str) -> Object {
    let format = SchemaFormat::Custom(format.to_owned());
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build()
}

/// A Yjs update.
pub(crate) fn yjs_update() -> Object {
    base64("yjs-update")
}

/// A Yjs state vector.
pub(crate) fn yjs_state_vector() -> Object {
    base64("yjs-state-vector")
}

/// What somebody searches for, with at least one letter or digit to look for.
pub(crate) fn search_query() -> Object {
    let format = SchemaFormat::Custom("search-query".to_owned());
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).max_length(Some(1_000)).build()
}

/// The sender's own name for a message, or null.
pub(crate) fn client_id() -> Object {
    or_null(text(64, "^[A-Za-z0-9_.:-]{1,64}$".to_owned()).min_length(Some(1)))
}

/// The id of a socket, as the socket server gave it.
pub(crate) fn socket_id() -> Object {
    text(41, "^[0-9]{1,20}\\.[0-9]{1,20}$".to_owned()).examples(["123.456"]).build()
}

/// Where a webhook is called.
pub(crate) fn webhook_url() -> Object {
    let pattern = "^[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9]";
    text(2_000, pattern.to_owned()).format(Some(SchemaFormat::Custom("uri".to_owned()))).build()
}
