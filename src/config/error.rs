//! Settings that cannot work together, each said with the setting to change.

use std::net::SocketAddr;

use thiserror::Error;

use super::{InvalidPusherUrl, ProcessRole};

/// A combination of settings that cannot work.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The demo's passwords are public.
    #[error(
        "--demo has public passwords, so it listens on a loopback address only, and {0} is not one; leave --demo out, or use --listen 127.0.0.1:8080"
    )]
    DemoNotLoopback(SocketAddr),
    /// A setting leads to the demo from another machine.
    #[error(
        "--demo has public passwords, so nothing may lead to it from another machine, and {0} does; leave one of them out"
    )]
    DemoFromOutside(&'static str),
    /// Unknown scheme of the bus.
    #[error("--bus begins with local:, pusher://, pushers:// or nats://; {0:?} is none of them (HUBBUB_BUS)")]
    UnknownBus(String),
    /// The URL of the socket server is invalid.
    #[error("--bus: {0} (HUBBUB_BUS)")]
    PusherBus(#[from] InvalidPusherUrl),
    /// The URL of the NATS servers is invalid.
    #[error("--bus is nats://HOST:PORT, or several with commas: nats://HOST:PORT,HOST:PORT (HUBBUB_BUS)")]
    NatsBus,
    /// The process has sockets, and would hand its events to another process alone.
    #[error(
        "--bus pusher:// hands events to another socket server, and --role {0} holds sockets itself: use --role web, \
         or --bus nats:// between several processes (HUBBUB_ROLE, HUBBUB_BUS)"
    )]
    PusherBusBesideSockets(ProcessRole),
    /// The role needs a bus between processes.
    #[error(
        "--role web holds no sockets, and --bus local: stays within the process: name the sockets' process with \
         --bus pusher://KEY:SECRET@HOST:PORT/apps/ID or --bus nats://HOST:PORT, or use --role all (HUBBUB_BUS, HUBBUB_ROLE)"
    )]
    WebNeedsBus,
    /// The demo is people and rooms, and the role has no database.
    #[error(
        "--demo creates users and rooms, and --role ws has no database; use --role all or --role web (HUBBUB_ROLE)"
    )]
    DemoWithoutDatabase,
    /// The page must be able to connect to it.
    #[error("HUBBUB_SOCKET_URL is ws://HOST:PORT or wss://HOST:PORT, without a path; it is {0:?}")]
    SocketUrl(String),
    /// No page comes from such an origin.
    #[error("HUBBUB_SOCKET_ORIGINS has origins such as https://chat.example.org, with commas; {0:?} is none")]
    SocketOrigin(String),
    /// Two sets of credentials for one app.
    #[error("--bus pusher:// names the app already: leave HUBBUB_APP_ID, HUBBUB_APP_KEY and HUBBUB_APP_SECRET out")]
    AppTwice,
    /// Some of the three are set.
    #[error("set all of HUBBUB_APP_ID, HUBBUB_APP_KEY and HUBBUB_APP_SECRET, or none of them")]
    AppIncomplete,
    /// Clients' events could never be as large as allowed.
    #[error(
        "HUBBUB_MAX_EVENT_DATA_BYTES is {event_data_bytes}, and a client's frame has at most {frame_bytes} bytes \
         (HUBBUB_MAX_FRAME_BYTES): no client could send so much; raise the one or lower the other"
    )]
    EventDataBeyondFrame {
        /// The largest data of an event.
        event_data_bytes: usize,
        /// The largest frame.
        frame_bytes: usize,
    },
    /// Cookies and links are built on it.
    #[error("HUBBUB_PUBLIC_URL must begin with http:// or https://; it is {0:?}")]
    PublicUrl(String),
    /// A secret is so short that it could be found by trying.
    #[error("{0} must have at least {1} characters, and must not be guessable")]
    ShortSecret(&'static str, usize),
    /// The page, the API and the sockets are at fixed paths.
    #[error(
        "HUBBUB_PUBLIC_URL is a scheme and a host, such as https://chat.example.org: Hubbub cannot be served below a path; it is {0:?}"
    )]
    PublicUrlWithPath(String),
    /// Short enough to be found by trying.
    #[error("HUBBUB_TOKEN_SECRET must have at least 32 characters, and must not be guessable")]
    TokenSecret,
}
