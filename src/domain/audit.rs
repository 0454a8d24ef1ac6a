//! The trail: who did what that matters for security.

use std::fmt;
use std::net::IpAddr;

use super::{InvalidField, Refusal, Timestamp, UserId};

/// Declares the actions: `/// when`, then `Name: "name in the trail, the log and the API";`.
macro_rules! actions {
    ($($(#[$doc:meta])+ $action:ident: $name:literal;)+) => {
        /// What was done: the only list of entries that the trail can have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum AuditAction {
            $($(#[$doc])+ $action,)+
        }

        impl AuditAction {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$action,)+];

            /// The name in the trail, in the log and in the API.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$action => $name,)+
                }
            }
        }
    };
}

actions! {
    /// Somebody made an account.
    SignedUp: "account.created";
    /// The password was right.
    SignedIn: "sign_in.right";
    /// The password was wrong, or nobody has that name.
    SignInWrong: "sign_in.wrong";
    /// There were too many attempts; noted once a minute for each address.
    SignInThrottled: "sign_in.throttled";
    /// A session was signed out by its owner.
    SignedOut: "session.signed_out";
    /// All sessions of a person were signed out by their owner.
    SignedOutEverywhere: "sessions.signed_out";
    /// A refresh token came back that had been replaced: it may be stolen, so its session was ended.
    SessionStolen: "session.stolen";
    /// A person changed their password.
    PasswordChanged: "password.changed";
    /// A password was reset at a terminal.
    PasswordReset: "password.reset";
    /// An API token was made.
    TokenCreated: "token.created";
    /// An API token was revoked.
    TokenRevoked: "token.revoked";
    /// An invitation was made.
    InvitationCreated: "invitation.created";
    /// A person has another role.
    RoleChanged: "account.role_changed";
    /// A person cannot sign in any more.
    Deactivated: "account.deactivated";
    /// A deactivated person may sign in again.
    Activated: "account.activated";
    /// A person was removed from a room by somebody else.
    MemberRemoved: "member.removed";
    /// An administrator joined a closed room without being invited.
    RoomEntered: "room.entered";
    /// A room's name, topic or retention was changed, or it was archived or taken out of the archive.
    RoomChanged: "room.changed";
    /// A room was deleted with all that was written in it.
    RoomDeleted: "room.deleted";
    /// Somebody had a room's events sent to an address outside.
    WebhookCreated: "webhook.created";
    /// A webhook was deleted.
    WebhookDeleted: "webhook.deleted";
    /// A server started, with these settings of security.
    ServerStarted: "server.started";
    /// An export of messages began at a terminal.
    Exported: "export";
    /// A backup began at a terminal.
    BackedUp: "backup";
}

impl AuditAction {
    /// Parses what somebody sent.
    ///
    /// # Errors
    /// `invalid_audit_action`.
    pub fn parse(name: &str) -> Result<Self, InvalidField> {
        Self::ALL.iter().copied().find(|action| action.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|action| action.name()).collect();
            let detail = format!("The actions are {}.", names.join(", "));
            InvalidField::new("action", Refusal::InvalidAuditAction, detail)
        })
    }
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One entry of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Rises with time.
    pub id: i64,
    /// When it was stored.
    pub created_at: Timestamp,
    /// The name of an [`AuditAction`]; a newer version may know more of them.
    pub action: String,
    /// Who did it; `None`: nobody who was signed in, or somebody at a terminal.
    pub user_id: Option<UserId>,
    /// Their user name as it was then, or as it was tried.
    pub username: Option<String>,
    /// Where the request came from; `None`: a terminal.
    pub address: Option<IpAddr>,
    /// What it was done to: `user:3`, `room:7`, `token:5`.
    pub subject: Option<String>,
    /// What more there is to say.
    pub detail: Option<String>,
}
