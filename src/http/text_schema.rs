//! Schemas of the texts that requests carry: the rules of [`crate::domain`], as regular expressions that a program can check.
//!
//! The lengths are the defaults of the settings; `GET /instance` tells those of a server.

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaFormat, SchemaType, Type};

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
    text(32, "^[A-Za-z][A-Za-z0-9_.-]{1,31}$".to_owned()).min_length(Some(2)).build()
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
