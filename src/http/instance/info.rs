//! What a client needs before sign-in: the server's version, limits and socket address.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::SignUp;

use crate::http::error::ApiError;
use crate::http::state::WebState;

#[derive(Serialize, ToSchema)]
#[schema(as = Instance)]
struct InstanceResponse<'a> {
    name: &'static str,
    version: &'static str,
    /// Whether the next sign-up makes the administrator.
    first_run: bool,
    #[schema(value_type = SignUp)]
    sign_up: &'static str,
    #[schema(required)]
    demo: Option<DemoResponse<'a>>,
    /// Where people find this server, as its operator says; with `https://` browsers refuse its cookie over `http://`.
    #[schema(required)]
    public_url: Option<&'a str>,
    socket: SocketResponse<'a>,
    limits: LimitsResponse,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Demo)]
struct DemoResponse<'a> {
    people: Vec<DemoPersonResponse<'a>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DemoPerson)]
struct DemoPersonResponse<'a> {
    username: &'a str,
    name: &'a str,
    password: &'a str,
}

/// Where the sockets are. Null: where the page came from.
#[derive(Serialize, ToSchema)]
#[schema(as = SocketAddress)]
struct SocketResponse<'a> {
    key: &'a str,
    #[schema(required)]
    host: Option<&'a str>,
    #[schema(required)]
    port: Option<u16>,
    #[schema(required)]
    tls: Option<bool>,
}

impl<'a> SocketResponse<'a> {
    fn of(state: &'a WebState) -> Self {
        let address = state.socket_address.as_ref();
        Self {
            key: &state.socket_app.key,
            host: address.map(|address| address.host.as_str()),
            port: address.map(|address| address.port),
            tls: address.map(|address| address.is_tls),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Limits)]
struct LimitsResponse {
    message_chars: usize,
    room_name_chars: usize,
    room_topic_chars: usize,
    user_name_chars: usize,
    password_chars_min: usize,
    file_bytes: u64,
    files_per_message: usize,
    document_title_chars: usize,
    document_bytes: usize,
}

/// `GET /instance`.
#[utoipa::path(
    get, path = "/api/v1/instance", tag = "Instance",
    security(()),
    responses(
        (status = 200, description = "What a client needs before anybody signs in", body = InstanceResponse),
    ),
)]
pub(crate) async fn show_instance(state: web::Data<WebState>) -> Result<HttpResponse, ApiError> {
    let people = state.demo_people.iter().map(|person| DemoPersonResponse {
        username: &person.username,
        name: &person.name,
        password: &person.password,
    });
    Ok(HttpResponse::Ok().json(InstanceResponse {
        name: "Hubbub",
        version: env!("CARGO_PKG_VERSION"),
        first_run: state.store.is_first_run().await?,
        sign_up: match state.config.effective_sign_up() {
            SignUp::Open => "open",
            SignUp::Invite => "invite",
        },
        demo: state.config.demo.then(|| DemoResponse { people: people.collect() }),
        public_url: state.config.public_url.as_deref(),
        socket: SocketResponse::of(&state),
        limits: LimitsResponse {
            message_chars: state.limits.message_chars,
            room_name_chars: state.limits.room_name_chars,
            room_topic_chars: state.limits.room_topic_chars,
            user_name_chars: state.limits.user_name_chars,
            password_chars_min: state.limits.password_chars_min,
            file_bytes: state.config.http.max_file_bytes,
            files_per_message: state.config.http.max_files_per_message,
            document_title_chars: state.limits.document_title_chars,
            document_bytes: state.config.documents.max_document_bytes,
        },
    }))
}
