//! Sending a file's content: whole or a range of it, unless the caller has it already, and never in a way that a browser
//! could run it as a page of ours.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, Charset,
    ContentDisposition, DispositionParam, DispositionType, ETAG, ExtendedValue, HeaderMap, IF_NONE_MATCH, IF_RANGE,
    RANGE,
};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::stream;

use crate::http::error::ApiError;

/// A content that is about to be sent.
pub(crate) struct Download {
    /// Stands for these very bytes.
    pub(crate) etag: String,
    pub(crate) content_type: String,
    /// The name to be saved under.
    pub(crate) name: String,
}

/// Images that every browser shows and none runs. Everything else is saved and not opened.
const SHOWN: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Read from the disk at once.
const PIECE_BYTES: u64 = 65_536;

impl Download {
    /// The answer to `request`; `open` opens the content.
    pub(crate) async fn respond(
        self,
        request: &HttpRequest,
        open: impl FnOnce() -> io::Result<File> + Send + 'static,
    ) -> Result<HttpResponse, ApiError> {
        let headers = request.headers();
        let mut answer = HttpResponse::Ok();
        answer
            .insert_header((ETAG, self.etag.as_str()))
            // No copy stays on a disk that others may read, nor past the right to read it.
            .insert_header((CACHE_CONTROL, "no-store"));
        if is_known(headers, &self.etag) {
            return Ok(answer.status(StatusCode::NOT_MODIFIED).finish());
        }
        let opened = blocking(move || open().and_then(|file| Ok((file.metadata()?.len(), file)))).await?;
        // The row is there and the content is not: that is no fault of the caller.
        let (length, file) = opened.map_err(|error| ApiError::Internal(format!("a file's content: {error}")))?;
        let range = wanted_range(headers, &self.etag, length)?;
        if let Some(range) = &range {
            let content_range = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            answer.status(StatusCode::PARTIAL_CONTENT).insert_header((CONTENT_RANGE, content_range));
        }
        let range = range.unwrap_or(0..length);
        answer
            .insert_header((CONTENT_TYPE, self.content_type.as_str()))
            .insert_header((CONTENT_DISPOSITION, self.disposition()))
            // Should it be opened as a page all the same, that page has no origin and runs nothing.
            .insert_header((CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'; frame-ancestors 'none'"))
            .insert_header((ACCEPT_RANGES, "bytes"));
        Ok(answer.body(SizedStream::new(range.end - range.start, pieces(file, range))))
    }

    fn disposition(&self) -> ContentDisposition {
        let shown = SHOWN.contains(&self.content_type.as_str());
        let disposition = if shown { DispositionType::Inline } else { DispositionType::Attachment };
        let name = ExtendedValue {
            charset: Charset::Ext("UTF-8".to_owned()),
            language_tag: None,
            value: self.name.clone().into_bytes(),
        };
        // curl reads `filename` alone, browsers prefer `filename*` (RFC 6266, 4.3). A name has no control characters and no
        // backslashes; what is left to end the quoted text early is the quotation mark.
        let plain = DispositionParam::Filename(self.name.replace('"', "_"));
        ContentDisposition { disposition, parameters: vec![plain, DispositionParam::FilenameExt(name)] }
    }
}

/// Whether the caller has these bytes already (RFC 9110, 13.1.2).
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    known.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// The part that is asked for; `None`: all of it. Something that is no range is ignored (RFC 9110, 14.2).
fn wanted_range(headers: &HeaderMap, etag: &str, length: u64) -> Result<Option<Range<u64>>, ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(ranges) = text(RANGE).and_then(|range| range.strip_prefix("bytes=")) else { return Ok(None) };
    // A download that goes on goes on with what it began with.
    if text(IF_RANGE).is_some_and(|began_with| began_with != etag) {
        return Ok(None);
    }
    let unsatisfiable = ApiError::RangeNotSatisfiable { bytes: length };
    // A request for a thousand ranges costs far more than it weighs.
    if ranges.contains(',') {
        return Err(unsatisfiable);
    }
    let Some((first, last)) = ranges.trim().split_once('-') else { return Ok(None) };
    let (first, last) = (parse_position(first), parse_position(last));
    let range = match (first, last) {
        (Ok(Some(first)), Ok(Some(last))) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(Some(first)), Ok(None)) => first..length,
        (Ok(None), Ok(Some(last))) => length.saturating_sub(last)..length,
        _ => return Ok(None),
    };
    if range.is_empty() { Err(unsatisfiable) } else { Ok(Some(range)) }
}

fn parse_position(text: &str) -> Result<Option<u64>, ()> {
    match text {
        "" => Ok(None),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().map(Some).map_err(drop),
        _ => Err(()),
    }
}

/// The content piece by piece, each read when the one before has gone.
fn pieces(file: File, range: Range<u64>) -> impl futures_util::Stream<Item = Result<Bytes, ApiError>> {
    stream::try_unfold((file, range), |(file, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let start = range.start;
        let wanted = (range.end - start).min(PIECE_BYTES);
        let read = blocking(move || read_piece(file, start, wanted)).await?;
        let (piece, file) = read.map_err(|error| ApiError::Internal(format!("a file's content: {error}")))?;
        Ok(Some((piece, (file, start + wanted..range.end))))
    })
}

fn read_piece(mut file: File, start: u64, wanted: u64) -> io::Result<(Bytes, File)> {
    file.seek(SeekFrom::Start(start))?;
    let mut piece = vec![0; usize::try_from(wanted).map_err(io::Error::other)?];
    file.read_exact(&mut piece)?;
    Ok((piece.into(), file))
}

/// Runs what waits for the disk where it holds up no other request.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn range_of(text: &'static str) -> Result<Option<Range<u64>>, ()> {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_static(text));
        wanted_range(&headers, "\"x\"", 100).map_err(drop)
    }

    #[test]
    fn one_range_is_answered() {
        assert_eq!(range_of("bytes=0-9"), Ok(Some(0..10)));
        assert_eq!(range_of("bytes=90-"), Ok(Some(90..100)));
        assert_eq!(range_of("bytes=-5"), Ok(Some(95..100)));
        assert_eq!(range_of("bytes=50-5000"), Ok(Some(50..100)));
        assert_eq!(range_of("bytes=-5000"), Ok(Some(0..100)));
    }

    #[test]
    fn several_ranges_and_those_beyond_the_end_are_refused() {
        for text in ["bytes=100-", "bytes=500-600", "bytes=-0", "bytes=0-1,2-3", "bytes=0-,0-,0-"] {
            assert_eq!(range_of(text), Err(()), "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_ignored() {
        for text in
            ["lines=1-2", "bytes=", "bytes=x-y", "bytes=9-1", "bytes=-", "bytes=+1-2", "bytes=99999999999999999999-"]
        {
            assert_eq!(range_of(text), Ok(None), "{text}");
        }
    }
}
