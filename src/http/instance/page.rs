//! The page: the files of `frontend/dist`, which the binary carries.

use std::borrow::Cow;
use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::domain::Refusal;
use crate::http::error::ApiError;

/// A debug build reads the files from the disk at each request, so that the page can be built meanwhile.
#[derive(RustEmbed)]
#[folder = "frontend/dist"]
#[allow_missing = true]
struct Dist;

/// The header of API answers that names the build of the page that this server has. A page of another build is old.
pub(crate) const PAGE_BUILD: HeaderName = HeaderName::from_static("x-hubbub-build");

/// What stands in `index.html` before the name of its build (frontend/vite.config.ts).
const BUILD_MARK: &str = "name=\"hubbub-build\" content=\"";

/// The name of the page's build; `None` when the page is not built.
pub(crate) fn page_build() -> Option<HeaderValue> {
    static BUILD: LazyLock<Option<HeaderValue>> = LazyLock::new(read_page_build);
    // A debug build reads the page from the disk, where it may change.
    if cfg!(debug_assertions) { read_page_build() } else { BUILD.clone() }
}

fn read_page_build() -> Option<HeaderValue> {
    let page = Dist::get("index.html")?;
    let text = std::str::from_utf8(&page.data).ok()?;
    let (build, _) = text.split_once(BUILD_MARK)?.1.split_once('"')?;
    HeaderValue::from_str(build).ok()
}

/// Paths that programs ask: a wrong one is an error for them and not a page.
const PROGRAMS: [&str; 10] =
    ["api", "broadcasting", "health", "app", "apps", "up", "ready", "accept-traffic", "usage", "metrics"];

const NOT_BUILT: &str = "<!doctype html>
<html lang=\"en\"><meta charset=\"utf-8\"><title>Hubbub</title>
<h1>Hubbub is running; its page is not built yet</h1>
<p>Build it with <code>npm --prefix frontend ci</code> and <code>npm --prefix frontend run build</code>, or everything
with <code>make build</code>, and start Hubbub again. The API answers already: see <code>docs/api.md</code>.</p>
</html>
";

/// Every path that is nobody else's: a file of the page, or the page itself, which finds its own way from the address.
pub(crate) async fn show_page(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let path = request.path().trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    if !matches!(*request.method(), Method::GET | Method::HEAD) || PROGRAMS.contains(&first) {
        return Err(ApiError::Refused(Refusal::RouteNotFound));
    }
    if let Some(file) = Dist::get(path) {
        return Ok(respond(&request, path, file));
    }
    let is_file_name = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if is_file_name {
        return Err(ApiError::Refused(Refusal::RouteNotFound));
    }
    Ok(match Dist::get("index.html") {
        Some(page) => respond(&request, "index.html", page),
        None => HttpResponse::ServiceUnavailable().content_type("text/html; charset=utf-8").body(NOT_BUILT),
    })
}

/// `GET /api/docs`: the contract in a viewer.
#[utoipa::path(
    get, path = "/api/docs", tag = "Instance",
    security(()),
    responses(
        (status = 200, description = "A page that shows this document", body = String, content_type = "text/html"),
        (status = 304, description = "The same as the caller has"),
    ),
)]
pub(crate) async fn show_docs(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let file = Dist::get("docs.html").ok_or(Refusal::RouteNotFound)?;
    Ok(respond(&request, "docs.html", file))
}

/// Files whose name holds a digest of their content never change; the others are asked for again each time, and
/// answered with 304 while they are the same.
fn respond(request: &HttpRequest, path: &str, file: EmbeddedFile) -> HttpResponse {
    // Weak, for it is the same whether the answer is compressed or not.
    let etag = format!("W/\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = request.headers().get(IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|tag| tag.trim() == etag));
    let mut answer = HttpResponse::build(if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    answer.insert_header((CACHE_CONTROL, caching)).insert_header((ETAG, etag));
    if is_known {
        return answer.finish();
    }
    answer.insert_header((CONTENT_TYPE, media_type(&file)));
    match file.data {
        Cow::Borrowed(bytes) => answer.body(bytes),
        Cow::Owned(bytes) => answer.body(bytes),
    }
}

fn media_type(file: &EmbeddedFile) -> String {
    let media_type = file.metadata.mimetype();
    if media_type.starts_with("text/") { format!("{media_type}; charset=utf-8") } else { media_type.to_owned() }
}
