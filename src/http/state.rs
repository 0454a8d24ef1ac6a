//! What the handlers work with: the parts that `app` builds and the settings that concern the HTTP API.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::auth::{AccessTokens, Passwords, SignInThrottle};
use crate::bus::Bus;
use crate::config::{Secret, ServeConfig, SocketAddress};
use crate::domain::{EndedCredential, Limits, RetentionRules};
use crate::store::{FileStorage, Store};
use crate::timeline::TimelineStore;

use crate::http::documents::merge_limiter::MergeLimiter;
use crate::http::files::thumbnails::Thumbnails;
use crate::http::log::log_page::LogPageReads;
use crate::http::log::open_streams::EventStreams;
use crate::http::pipeline::host::AllowedHosts;
use crate::http::pipeline::identity_cache::IdentityCache;
use crate::http::rations::counters::Rations;

/// Shared by the handlers of all workers.
pub struct WebState {
    pub(crate) store: Store,
    pub(crate) files: FileStorage,
    pub(crate) thumbnails: Thumbnails,
    pub(crate) merge_limiter: MergeLimiter,
    pub(crate) bus: Bus,
    pub(crate) timelines: Arc<TimelineStore>,
    pub(crate) passwords: Passwords,
    pub(crate) access_tokens: AccessTokens,
    pub(crate) sign_ins: SignInThrottle,
    pub(crate) rations: Rations,
    pub(crate) hosts: AllowedHosts,
    pub(crate) identities: IdentityCache,
    pub(crate) event_streams: EventStreams,
    pub(crate) log_pages: LogPageReads,
    pub(crate) socket_app: SocketApp,
    /// Where the page finds its sockets, when that is not where it came from.
    pub(crate) socket_address: Option<SocketAddress>,
    pub(crate) demo_people: Vec<DemoPerson>,
    pub(crate) limits: Limits,
    pub(crate) config: ServeConfig,
    /// Ends the event streams, which would otherwise hold up the end of the process.
    shutdown: watch::Sender<bool>,
}

/// The parts that a [`WebState`] is made of.
pub struct WebParts {
    /// Where everything durable is.
    pub store: Store,
    /// Where the contents of files are.
    pub files: FileStorage,
    /// Where events are dispatched to.
    pub bus: Bus,
    /// The timelines of the last messages.
    pub timelines: Arc<TimelineStore>,
    /// The threads that hash passwords.
    pub passwords: Passwords,
    /// What signs access tokens.
    pub access_tokens: AccessTokens,
    /// The app of the socket server.
    pub socket_app: SocketApp,
    /// Where the page finds its sockets; `None`: where it came from.
    pub socket_address: Option<SocketAddress>,
    /// Whom a visitor of the demo may enter as; empty outside the demo.
    pub demo_people: Vec<DemoPerson>,
}

/// What the socket server and the API share, so that one can let people into channels of the other.
#[derive(Debug, Clone)]
pub struct SocketApp {
    /// The public name.
    pub key: String,
    /// Signs the right to join a channel.
    pub secret: Secret,
}

/// Somebody whom everybody may enter as.
#[derive(Debug, Clone)]
pub struct DemoPerson {
    /// The name to sign in with.
    pub username: String,
    /// The name that others read.
    pub name: String,
    /// The password, which is public.
    pub password: String,
}

impl WebState {
    /// Puts the parts together.
    #[must_use]
    pub fn new(config: &ServeConfig, parts: WebParts) -> Self {
        Self {
            store: parts.store,
            files: parts.files,
            thumbnails: Thumbnails::new(&config.http),
            merge_limiter: MergeLimiter::new(&config.documents),
            bus: parts.bus,
            timelines: parts.timelines,
            passwords: parts.passwords,
            access_tokens: parts.access_tokens,
            sign_ins: SignInThrottle::new(config.rations.sign_ins_per_minute),
            rations: Rations::new(&config.rations),
            hosts: AllowedHosts::new(config),
            identities: IdentityCache::default(),
            log_pages: LogPageReads::default(),
            event_streams: EventStreams::new(config.http.max_event_streams),
            socket_app: parts.socket_app,
            socket_address: parts.socket_address,
            demo_people: parts.demo_people,
            limits: limits(config),
            config: config.clone(),
            shutdown: watch::Sender::new(false),
        }
    }

    /// Forgets who is behind credentials that have ended in another process.
    pub fn forget_credentials(&self, ended: &[EndedCredential]) {
        ended.iter().for_each(|ended| self.identities.forget(ended.credential));
    }

    /// Carries out that credentials have ended: they are void here at once, and their sockets are closed on every node.
    pub(crate) fn end_credentials(&self, ended: &[EndedCredential]) {
        self.forget_credentials(ended);
        self.bus.end_credentials(ended, false);
    }

    /// Begins the end: `/health/ready` says so, and the event streams end after what they are writing.
    pub fn begin_shutdown(&self) {
        self.shutdown.send_replace(true);
    }

    /// Where everything durable is.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn is_shutting_down(&self) -> bool {
        *self.shutdown.borrow()
    }

    pub(crate) fn watch_shutdown(&self) -> watch::Receiver<bool> {
        self.shutdown.subscribe()
    }
}

/// What the instance says about the retention of rooms, from the settings.
#[must_use]
pub(crate) fn retention_rules(config: &ServeConfig) -> RetentionRules {
    RetentionRules {
        default_days: config.jobs.retention_days,
        min_days: config.jobs.min_retention_days,
        delay: Duration::from_secs(u64::from(config.jobs.retention_delay_hours) * 3_600),
    }
}

/// The limits on what people write, from the settings.
#[must_use]
pub const fn limits(config: &ServeConfig) -> Limits {
    Limits {
        message_chars: config.http.max_message_chars,
        room_name_chars: config.http.max_room_name_chars,
        room_topic_chars: config.http.max_room_topic_chars,
        document_title_chars: config.documents.max_document_title_chars,
        user_name_chars: config.http.max_user_name_chars,
        password_chars_min: config.auth.min_password_chars,
    }
}
