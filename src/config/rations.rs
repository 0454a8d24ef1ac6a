//! The one table of all rations (rate limits and quotas): how much one person, and one network address, may do.
//!
//! The settings, the refusals (`429`), the headers `RateLimit` and `RateLimit-Policy`, and the table of `docs/operating.md` come
//! from it. A new ration is a line here, and a route in `src/http/rations/routes.rs` or a place where it is counted.

use clap::{Args, ValueEnum};

/// Whether rations are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RationsSwitch {
    /// They are.
    On,
    /// Only those of signing in. For tests and measurements.
    Off,
}

/// The time that a ration is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RationWindow {
    /// So many a minute.
    Minute,
    /// So many an hour.
    Hour,
    /// So many a day.
    Day,
    /// So many at the same time.
    AtOnce,
    /// So many in all, as long as they are kept.
    InAll,
}

/// Whose ration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RationKey {
    /// A person's; the addresses that people share have `HUBBUB_ADDRESS_RATION_FACTOR` times as much.
    Person,
    /// A network address's: an IPv4 address, or a /64 of IPv6.
    Address,
    /// A room's.
    Room,
    /// A document's.
    Document,
}

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct RationRow {
    /// Its name in the headers.
    pub name: &'static str,
    /// The environment variable of its setting.
    pub setting: &'static str,
    /// What is used when nothing is set.
    pub default: u64,
    /// The time that it is for.
    pub window: RationWindow,
    /// Whose it is.
    pub key: RationKey,
    /// What is counted, in the plural.
    pub things: &'static str,
}

/// Declares the rations: `/// help`, then `Name: "name", field, "SETTING", default, at least, Window, Key, "things";`.
macro_rules! rations {
    ($($(#[$help:meta])+ $ration:ident: $name:literal, $field:ident, $setting:literal, $default:literal, $least:literal, $window:ident,
        $key:ident, $things:literal;)+) => {
        /// How much one person, and one network address, may do. 0 is no limit.
        #[derive(Debug, Clone, Args)]
        pub struct RationsConfig {
            /// Whether rations are kept; off leaves only those of signing in, for tests and measurements
            #[arg(long, env = "HUBBUB_RATIONS", value_enum, default_value_t = RationsSwitch::On)]
            pub rations: RationsSwitch,
            /// How many people's rations one network address has
            #[arg(long, env = "HUBBUB_ADDRESS_RATION_FACTOR", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
            pub address_ration_factor: u64,
            $(
                $(#[$help])+
                #[arg(long, env = $setting, default_value_t = $default, value_parser = clap::value_parser!(u64).range($least..=MAX_RATION))]
                pub $field: u64,
            )+
        }

        /// Something that is rationed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Ration {
            $($(#[$help])+ $ration,)+
        }

        impl Ration {
            /// All there are, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$ration,)+];

            /// The line of the table.
            #[must_use]
            pub const fn row(self) -> RationRow {
                match self {
                    $(Self::$ration => RationRow {
                        name: $name, setting: $setting, default: $default, window: RationWindow::$window, key: RationKey::$key,
                        things: $things,
                    },)+
                }
            }

            const fn set(self, config: &RationsConfig) -> u64 {
                match self {
                    $(Self::$ration => config.$field,)+
                }
            }
        }
    };
}

/// A thousand terabytes, or what comes to no limit.
const MAX_RATION: u64 = 1_000_000_000_000_000;

rations! {
    /// Messages that one person may send, edit or delete in a minute
    Posts: "posts", posts_per_minute, "HUBBUB_POSTS_PER_MINUTE", 600, 0, Minute, Person, "messages";
    /// Rooms that one person may make in an hour
    Rooms: "rooms", rooms_per_hour, "HUBBUB_ROOMS_PER_HOUR", 200, 0, Hour, Person, "new rooms";
    /// Members that one person may add or remove, and rooms that they may join or leave, in a minute
    Joins: "joins", joins_per_minute, "HUBBUB_JOINS_PER_MINUTE", 300, 0, Minute, Person, "members coming and going";
    /// API tokens that one person may make in an hour
    Tokens: "tokens", tokens_per_hour, "HUBBUB_TOKENS_PER_HOUR", 60, 0, Hour, Person, "new API tokens";
    /// Invitations that one person may make in an hour
    Invites: "invites", invites_per_hour, "HUBBUB_INVITES_PER_HOUR", 500, 0, Hour, Person, "new invitations";
    /// Webhooks that one person may make in an hour
    Webhooks: "webhooks", webhooks_per_hour, "HUBBUB_WEBHOOKS_PER_HOUR", 100, 0, Hour, Person, "new webhooks";
    /// Files that one person may upload in a day
    Files: "files", files_per_day, "HUBBUB_FILES_PER_DAY", 5_000, 0, Day, Person, "uploaded files";
    /// Bytes of one person's files that belong to no message yet
    UnattachedBytes: "unattached-bytes", unattached_bytes, "HUBBUB_UNATTACHED_BYTES", 2_147_483_648, 0, InAll, Person, "bytes in files that belong to no message";
    /// Bytes of all files that one person has uploaded
    FileBytes: "file-bytes", file_bytes, "HUBBUB_FILE_BYTES", 107_374_182_400, 0, InAll, Person, "bytes in files";
    /// Documents that one person may make in an hour
    Documents: "documents", documents_per_hour, "HUBBUB_DOCUMENTS_PER_HOUR", 300, 0, Hour, Person, "new documents";
    /// Saves of documents, by one person in a minute
    DocumentSaves: "document-saves", document_saves_per_minute, "HUBBUB_DOCUMENT_SAVES_PER_MINUTE", 600, 0, Minute, Person, "saves of documents";
    /// Documents in one room
    RoomDocuments: "room-documents", documents_per_room, "HUBBUB_DOCUMENTS_PER_ROOM", 5_000, 0, InAll, Room, "documents";
    /// Bytes of all documents that one person has made
    DocumentBytes: "document-bytes", document_bytes, "HUBBUB_DOCUMENT_BYTES", 5_368_709_120, 0, InAll, Person, "bytes in documents";
    /// Bytes of the versions of one document; the oldest are removed first
    VersionBytes: "version-bytes", version_bytes, "HUBBUB_VERSION_BYTES", 268_435_456, 0, InAll, Document, "bytes in versions";
    /// Searches of one person in a minute
    Searches: "searches", searches_per_minute, "HUBBUB_SEARCHES_PER_MINUTE", 300, 0, Minute, Person, "searches";
    /// Rights to channels that one person may ask for in a minute
    ChannelRights: "channel-rights", channel_rights_per_minute, "HUBBUB_CHANNEL_RIGHTS_PER_MINUTE", 6_000, 0, Minute, Person, "rights to channels";
    /// Other changes, such as read marks, by one person in a minute
    Changes: "changes", changes_per_minute, "HUBBUB_CHANGES_PER_MINUTE", 1_200, 0, Minute, Person, "changes";
    /// Event streams of one person at the same time
    EventStreams: "event-streams", event_streams, "HUBBUB_EVENT_STREAMS", 50, 0, AtOnce, Person, "event streams";
    /// Request bodies that one network address may be sending at the same time
    Bodies: "bodies", bodies, "HUBBUB_BODIES_PER_ADDRESS", 500, 0, AtOnce, Address, "request bodies";
    /// Connections of one network address at the same time, sockets among them; not behind a proxy that is trusted
    Connections: "connections", connections, "HUBBUB_CONNECTIONS_PER_ADDRESS", 4_000, 0, AtOnce, Address, "connections";
    /// Passwords of one network address that may wait to be hashed at the same time
    Hashes: "hashes", hashes, "HUBBUB_HASHES_PER_ADDRESS", 16, 0, AtOnce, Address, "passwords";
    /// Attempts to sign up from one network address in an hour
    SignUps: "sign-ups", sign_ups_per_hour, "HUBBUB_SIGN_UPS_PER_HOUR", 120, 0, Hour, Address, "attempts to sign up";
    /// Renewals of sessions from one network address in a minute
    Refreshes: "refreshes", refreshes_per_minute, "HUBBUB_REFRESHES_PER_MINUTE", 1_200, 0, Minute, Address, "renewals of sessions";
    /// Attempts to sign in from one network address in a minute; ten times as many for one user name from addresses that it
    /// never signed in from
    SignIns: "sign-ins", sign_ins_per_minute, "HUBBUB_SIGN_INS_PER_MINUTE", 10, 1, Minute, Address, "attempts to sign in";
}

impl Ration {
    /// The limit of one person, address, room or document; `None` when there is none.
    #[must_use]
    pub fn limit(self, config: &RationsConfig) -> Option<u64> {
        let is_kept = config.rations == RationsSwitch::On || self == Self::SignIns;
        Some(self.set(config)).filter(|limit| is_kept && *limit > 0)
    }

    /// The limit of one address; `None` when there is none.
    #[must_use]
    pub fn limit_of_address(self, config: &RationsConfig) -> Option<u64> {
        let factor = match self.row().key {
            RationKey::Person => config.address_ration_factor,
            RationKey::Address | RationKey::Room | RationKey::Document => 1,
        };
        self.limit(config).map(|limit| limit.saturating_mul(factor))
    }
}

impl RationRow {
    /// What is counted and for which time: `messages a minute`.
    #[must_use]
    pub fn unit(&self) -> String {
        let time = match self.window {
            RationWindow::Minute => "a minute",
            RationWindow::Hour => "an hour",
            RationWindow::Day => "a day",
            RationWindow::AtOnce => "at the same time",
            RationWindow::InAll => "in all",
        };
        format!("{} {time}", self.things)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `docs/operating.md`.
    fn table() -> String {
        let mut table = "| setting | default | what | of one |\n|---|---|---|---|\n".to_owned();
        for ration in Ration::ALL {
            let row = ration.row();
            let key = match row.key {
                // The store sums them up, and knows no addresses.
                RationKey::Person if row.window == RationWindow::InAll => "person",
                RationKey::Person => "person, and 20 times as much of one address",
                RationKey::Address => "address",
                RationKey::Room => "room",
                RationKey::Document => "document",
            };
            table += &format!("| `{}` | {} | {} | {key} |\n", row.setting, row.default, row.unit());
        }
        table
    }

    #[test]
    fn the_documented_table_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operating.md");
        let text = std::fs::read_to_string(path).expect("a document");
        let (before, rest) = text.split_once("<!-- rations -->\n").expect("a place for the table");
        let (written, after) = rest.split_once("<!-- /rations -->").expect("an end of the table");
        if std::env::var_os("HUBBUB_UPDATE_DOCS").is_some() {
            std::fs::write(path, format!("{before}<!-- rations -->\n{}<!-- /rations -->{after}", table()))
                .expect("written");
        } else {
            assert_eq!(written, table(), "HUBBUB_UPDATE_DOCS=1 cargo test --lib rations");
        }
    }
}
