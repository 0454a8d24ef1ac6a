//! The protocol's codes: why a socket is refused or closed, why a subscription is.

use serde::Serialize;

/// A code of `pusher:error`, and of the close frame that may follow it.
///
/// The hundreds tell the client what to do: 40xx give up, 41xx come back after a second, 42xx come back at once, 43xx
/// stay (never close with one: pusher-js would give up).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// 4001: no app has this key.
    UnknownApp,
    /// 4003: the app is switched off.
    AppDisabled,
    /// 4004: the app has as many sockets as it may.
    OverQuota,
    /// 4005: no such path.
    PathNotFound,
    /// 4006: the version is not a number.
    InvalidVersion,
    /// 4007: the version is one that this server does not speak.
    UnsupportedVersion,
    /// 4009: the client may not be here: a bad sign-in, a terminated user, a refused origin.
    Unauthorised,
    /// 4100: the server has as much as it can take, or is about to restart, or the client reads too slowly. Clients come
    /// back after a second.
    OverCapacity,
    /// 4200: come back, to another process perhaps; and, as `pusher:error` alone, an unintelligible frame.
    Reconnect,
    /// 4201: no answer to a ping.
    NoPong,
    /// 4301: a client event was refused.
    ClientEventRefused,
    /// 4302: the watchlist is too long; its beginning is watched.
    WatchlistTooLong,
}

impl Code {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::UnknownApp => 4001,
            Self::AppDisabled => 4003,
            Self::OverQuota => 4004,
            Self::PathNotFound => 4005,
            Self::InvalidVersion => 4006,
            Self::UnsupportedVersion => 4007,
            Self::Unauthorised => 4009,
            Self::OverCapacity => 4100,
            Self::Reconnect => 4200,
            Self::NoPong => 4201,
            Self::ClientEventRefused => 4301,
            Self::WatchlistTooLong => 4302,
        }
    }

    /// What a refusal with this code is counted under.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::UnknownApp => "unknown_app",
            Self::AppDisabled => "app_disabled",
            Self::OverQuota => "app_full",
            Self::PathNotFound => "unknown_path",
            Self::InvalidVersion => "invalid_version",
            Self::UnsupportedVersion => "unsupported_version",
            Self::Unauthorised => "unauthorised",
            Self::OverCapacity => "server_full",
            Self::Reconnect => "reconnect",
            Self::NoPong => "no_pong",
            Self::ClientEventRefused => "client_event",
            Self::WatchlistTooLong => "watchlist",
        }
    }
}

/// Why a subscription is refused: the `data` of `pusher:subscription_error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionRefusal {
    /// `AuthError`, `LimitReached`, `InvalidChannel`, `Revoked`.
    pub r#type: &'static str,
    /// What is wrong, for the developer who reads the console.
    pub error: String,
    /// An HTTP status, or a code of the protocol as other servers send here.
    pub status: u16,
    /// What it is counted under.
    #[serde(skip)]
    pub reason: &'static str,
}

impl SubscriptionRefusal {
    /// The signature is missing, wrong, or too old.
    #[must_use]
    pub fn unauthorised(error: impl Into<String>) -> Self {
        Self { r#type: "AuthError", error: error.into(), status: 401, reason: "unauthorised" }
    }

    /// A limit is reached; `error` names its setting.
    #[must_use]
    pub fn limit_reached(reason: &'static str, error: impl Into<String>) -> Self {
        Self { r#type: "LimitReached", error: error.into(), status: Code::OverCapacity.number(), reason }
    }

    /// The socket joins and leaves too often.
    #[must_use]
    pub fn too_many_joins(per_second: u32) -> Self {
        let error = format!(
            "The socket joins and leaves more than {per_second} channels a second (HUBBUB_SUBSCRIPTIONS_PER_SECOND)."
        );
        Self::limit_reached("too_many_joins", error)
    }

    /// The presence member is larger than a channel keeps; `error` names the setting.
    #[must_use]
    pub fn member_too_large(error: impl Into<String>) -> Self {
        let status = Code::ClientEventRefused.number();
        Self { r#type: "LimitReached", error: error.into(), status, reason: "member_too_large" }
    }

    /// No channel can have this name.
    #[must_use]
    pub fn invalid_channel(error: impl Into<String>) -> Self {
        Self { r#type: "InvalidChannel", error: error.into(), status: 400, reason: "invalid_channel" }
    }

    /// The right to the channel was taken away.
    #[must_use]
    pub fn revoked() -> Self {
        let error = "The right to this channel was taken away.".to_owned();
        Self { r#type: "Revoked", error, status: 403, reason: "revoked" }
    }
}
