//! All settings of the server, and the checks between them.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    AuthConfig, BusAddress, BusConfig, ConfigError, DocumentsConfig, HttpConfig, JobsConfig, Role, Secret,
    SocketConfig, StoreConfig, WebhookConfig,
};

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum SignUp {
    /// Everybody who reaches the server.
    Open,
    /// Holders of an invitation that an administrator made.
    Invite,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// The settings of `hubbub serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeConfig {
    /// Address and port to listen on
    #[arg(long, env = "HUBBUB_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
    /// Directory of the embedded database and of what is made on first start
    #[arg(long, env = "HUBBUB_DATA_DIR", default_value = "./data", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// Directory of uploaded files, which several web nodes share; without it, in the data directory
    #[arg(long, env = "HUBBUB_FILES_DIR", value_name = "DIR")]
    pub files_dir: Option<PathBuf>,
    /// Database: sqlite:PATH or postgres://…; without it, SQLite in the data directory
    #[arg(long, env = "HUBBUB_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<Secret>,
    /// Which parts this process runs
    #[arg(long, env = "HUBBUB_ROLE", value_enum, default_value_t = Role::All)]
    pub role: Role,
    /// Make two demo people and a room, and open sign-up; only on a loopback address
    #[arg(long, env = "HUBBUB_DEMO")]
    pub demo: bool,
    /// Address that people reach the server by, when a proxy stands before it; https:// makes cookies Secure
    #[arg(long, env = "HUBBUB_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Who may make an account
    #[arg(long, env = "HUBBUB_SIGN_UP", value_enum, default_value_t = SignUp::Invite)]
    pub sign_up: SignUp,
    /// Threads that serve HTTP and sockets; 0: one per core
    #[arg(long, env = "HUBBUB_WORKERS", default_value_t = 0)]
    pub workers: usize,
    /// How log lines look
    #[arg(long, env = "HUBBUB_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Bearer token that /metrics asks for; without one it answers on a loopback address only, and behind no proxy
    #[arg(long, env = "HUBBUB_METRICS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub metrics_token: Option<Secret>,
    /// Settings of the bus.
    #[command(flatten, next_help_heading = "Bus")]
    pub bus: BusConfig,
    /// Settings of the HTTP API.
    #[command(flatten, next_help_heading = "HTTP API")]
    pub http: HttpConfig,
    /// Settings of shared documents.
    #[command(flatten, next_help_heading = "Documents")]
    pub documents: DocumentsConfig,
    /// Settings of the store.
    #[command(flatten, next_help_heading = "Store")]
    pub store: StoreConfig,
    /// Settings of identity.
    #[command(flatten, next_help_heading = "Identity")]
    pub auth: AuthConfig,
    /// Settings of the work that goes on by itself.
    #[command(flatten, next_help_heading = "Jobs and webhooks")]
    pub jobs: JobsConfig,
    /// Settings of the socket server.
    #[command(flatten, next_help_heading = "Socket server")]
    pub socket: SocketConfig,
    /// Settings of the socket server's webhooks.
    #[command(flatten, next_help_heading = "Webhooks of the socket server")]
    pub webhooks: WebhookConfig,
}

/// RFC 7518 wants 256 bits for HS256.
const MIN_TOKEN_SECRET_BYTES: usize = 32;

impl ServeConfig {
    /// Refuses what cannot work, with a sentence that says what to set.
    ///
    /// # Errors
    /// The first [`ConfigError`] found.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.demo && !self.listen.ip().is_loopback() {
            return Err(ConfigError::DemoNotLoopback(self.listen));
        }
        if self.demo && !self.role.has_store() {
            return Err(ConfigError::DemoWithoutDatabase);
        }
        self.bus.validate(self.role)?;
        if self.socket.app_id.is_some() && matches!(self.bus.address()?, BusAddress::Pusher(_)) {
            return Err(ConfigError::AppTwice);
        }
        if let Some(url) =
            self.public_url.as_deref().filter(|url| !url.starts_with("http://") && !url.starts_with("https://"))
        {
            return Err(ConfigError::PublicUrl(url.to_owned()));
        }
        if self.auth.password_memory_kib < 8 {
            return Err(ConfigError::PasswordMemory);
        }
        if self.auth.token_secret.as_ref().is_some_and(|secret| secret.expose().len() < MIN_TOKEN_SECRET_BYTES) {
            return Err(ConfigError::TokenSecret);
        }
        self.socket.validate()?;
        self.refuse_zeros()
    }

    fn refuse_zeros(&self) -> Result<(), ConfigError> {
        let settings = [
            ("HUBBUB_MAX_BODY_BYTES", self.http.max_body_bytes),
            ("HUBBUB_MAX_MESSAGE_CHARS", self.http.max_message_chars),
            ("HUBBUB_MAX_ROOM_NAME_CHARS", self.http.max_room_name_chars),
            ("HUBBUB_MAX_USER_NAME_CHARS", self.http.max_user_name_chars),
            ("HUBBUB_THUMBNAIL_THREADS", self.http.thumbnail_threads),
            ("HUBBUB_MAX_DOCUMENT_BYTES", self.documents.max_document_bytes),
            ("HUBBUB_MAX_DOCUMENT_TITLE_CHARS", self.documents.max_document_title_chars),
            ("HUBBUB_DOCUMENT_MERGES_AT_ONCE", self.documents.document_merges_at_once),
            ("HUBBUB_MAX_DOCUMENT_VERSIONS", self.documents.max_document_versions as usize),
            ("HUBBUB_READ_CONNECTIONS", self.store.read_connections as usize),
            ("HUBBUB_WRITE_QUEUE", self.store.write_queue),
            ("HUBBUB_WRITE_BATCH", self.store.write_batch),
            ("HUBBUB_PASSWORD_THREADS", self.auth.password_threads),
            ("HUBBUB_ACCESS_TOKEN_SECS", self.auth.access_token_secs as usize),
            ("HUBBUB_SIGN_INS_PER_MINUTE", self.auth.sign_ins_per_minute as usize),
            ("HUBBUB_ACTIVITY_TIMEOUT_SECS", self.socket.activity_timeout_secs as usize),
            ("HUBBUB_PONG_TIMEOUT_SECS", self.socket.pong_timeout_secs as usize),
            ("HUBBUB_MAX_FRAME_BYTES", self.socket.max_frame_bytes),
            ("HUBBUB_MAX_QUEUED_BYTES", self.socket.max_queued_bytes),
            ("HUBBUB_MAX_QUEUED_FRAMES", self.socket.max_queued_frames),
            ("HUBBUB_BROADCAST_QUEUE", self.socket.broadcast_queue),
            ("HUBBUB_AUTHORIZATION_SECS", self.socket.authorization_secs as usize),
            ("HUBBUB_MAX_CHANNELS_PER_EVENT", self.socket.max_channels_per_event),
            ("HUBBUB_MAX_EVENTS_PER_BATCH", self.socket.max_events_per_batch),
            ("HUBBUB_WEBHOOK_QUEUE", self.webhooks.queue),
            ("HUBBUB_WEBHOOK_TIMEOUT_MS", usize::try_from(self.webhooks.timeout_ms).unwrap_or(usize::MAX)),
            ("HUBBUB_BUS_QUEUE", self.bus.bus_queue),
            ("HUBBUB_BUS_BATCH", self.bus.bus_batch),
            ("HUBBUB_JOBS_AT_ONCE", self.jobs.jobs_at_once),
            ("HUBBUB_JOBS_PER_HOST", self.jobs.jobs_per_host),
            ("HUBBUB_JOB_ATTEMPTS", self.jobs.job_attempts as usize),
            ("HUBBUB_HOUSEKEEPING_SECS", self.jobs.housekeeping_secs as usize),
        ];
        match settings.iter().find(|(_, value)| *value == 0) {
            Some((setting, _)) => Err(ConfigError::Zero(setting)),
            None => Ok(()),
        }
    }

    /// Whether people reach the server over TLS, by what `HUBBUB_PUBLIC_URL` says.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// Who may make an account: in the demo, everybody.
    #[must_use]
    pub const fn effective_sign_up(&self) -> SignUp {
        if self.demo { SignUp::Open } else { self.sign_up }
    }
}
