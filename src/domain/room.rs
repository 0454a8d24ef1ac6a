//! Rooms and who belongs to them.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::Refusal;
use super::text::{InvalidField, TextRule};
use super::{Limits, RoomId, Seq, Timestamp, UserId};

/// A room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The room.
    pub id: RoomId,
    /// Who may join.
    pub kind: RoomKind,
    /// Its name.
    pub name: String,
    /// What it is about; may be empty.
    pub topic: String,
    /// Who manages it: who made it, or who has got the maker's rights. They are a member, and may rename it and remove
    /// people. `None`: the last of them left when nobody else was a member, so that only administrators manage it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The head of its log.
    pub last_seq: Seq,
    /// How many messages were ever posted in it.
    pub message_count: i64,
    /// How long its messages are kept; `None`: as the instance's setting says.
    pub retention_days: Option<RetentionDays>,
    /// A shorter time that will count later.
    pub next_retention: Option<NextRetention>,
    /// Since when it is read-only; `None`: it is not.
    pub archived_at: Option<Timestamp>,
    /// Whether every new person joins it.
    pub is_default: bool,
}

/// How long a room will keep its messages from some moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextRetention {
    /// The time; `None`: as the instance's setting says.
    pub days: Option<RetentionDays>,
    /// From when on.
    pub at: Timestamp,
}

/// What the instance says about the time for which rooms keep their messages.
#[derive(Debug, Clone, Copy)]
pub struct RetentionRules {
    /// For rooms that say nothing themselves; `None`: for ever.
    pub default_days: Option<u32>,
    /// The shortest that a room may have.
    pub min_days: u32,
    /// How long a shorter time waits before it counts, so that members can save what they need.
    pub delay: Duration,
}

impl RetentionRules {
    /// Whether messages that are kept under `old` would be removed under `new`.
    #[must_use]
    pub fn is_shorter(&self, new: Option<RetentionDays>, old: Option<RetentionDays>) -> bool {
        let days = |own: Option<RetentionDays>| own.map(RetentionDays::get).or(self.default_days).unwrap_or(u32::MAX);
        days(new) < days(old)
    }
}

/// How long a room keeps its messages, in days: 1 to 36,500.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(minimum = 1, maximum = 36_500)]
pub struct RetentionDays(u32);

impl RetentionDays {
    /// A hundred years.
    const MAX: u32 = 36_500;

    /// Parses what somebody typed.
    ///
    /// # Errors
    /// `invalid_retention_days`.
    pub fn parse(days: i64) -> Result<Self, InvalidField> {
        let valid = u32::try_from(days).ok().filter(|days| (1..=Self::MAX).contains(days));
        valid.map(Self).ok_or_else(|| {
            let detail =
                format!("A room keeps its messages for 1 to {} days, or null: as the instance does.", Self::MAX);
            InvalidField::new("retention_days", Refusal::InvalidRetentionDays, detail)
        })
    }

    /// Checks it against the instance's least.
    ///
    /// # Errors
    /// `invalid_retention_days`.
    pub fn at_least(self, min_days: u32) -> Result<Self, InvalidField> {
        if self.0 >= min_days {
            return Ok(self);
        }
        let detail = format!("A room keeps its messages for at least {min_days} days (HUBBUB_MIN_RETENTION_DAYS).");
        Err(InvalidField::new("retention_days", Refusal::InvalidRetentionDays, detail))
    }

    /// The days.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// A person's place in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The number of the last message that the person has read.
    pub read_number: i64,
    /// How many of the messages after it do not count as unread: the person's own, and those that are deleted or were removed
    /// by retention.
    pub uncounted: i64,
    /// Where the person's view of the log begins.
    pub joined_seq: Seq,
    /// When the person joined.
    pub joined_at: Timestamp,
}

impl Membership {
    /// How many messages of `room` the person has not read: a subtraction, however many there are.
    #[must_use]
    pub const fn unread(&self, room: &Room) -> i64 {
        room.message_count - self.read_number - self.uncounted
    }
}

/// How far a person has read a room, after the mark has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadMark {
    /// The number of the last message that the person has read.
    pub number: i64,
    /// How many after it count as unread.
    pub unread: i64,
    /// How many messages the room had then.
    pub message_count: i64,
    /// How far its log reached then.
    pub last_seq: Seq,
}

/// Who may join a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum RoomKind {
    /// Everybody with an account.
    Open,
    /// Those whom a member invites.
    Closed,
}

impl RoomKind {
    /// The kind's name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "open" => Some(Self::Open),
            "closed" => Some(Self::Closed),
            _ => None,
        }
    }

    /// Parses what somebody sent.
    ///
    /// # Errors
    /// `invalid_room_kind`.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        Self::from_name(text)
            .ok_or_else(|| InvalidField::new("kind", Refusal::InvalidRoomKind, "A room is \"open\" or \"closed\"."))
    }
}

/// A room's name: not blank, one line, within the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomName(String);

impl RoomName {
    /// Parses what somebody typed.
    ///
    /// # Errors
    /// `room_name_empty`, `room_name_too_long` or `invalid_text`.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, InvalidField> {
        let rule = TextRule {
            field: "name",
            noun: "room's name",
            too_long: Refusal::RoomNameTooLong,
            max_chars: limits.room_name_chars,
            setting: "HUBBUB_MAX_ROOM_NAME_CHARS",
            multiline: false,
        };
        rule.check_filled(text, Refusal::RoomNameEmpty).map(Self)
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a room is about: one line within the limit, possibly empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoomTopic(String);

impl RoomTopic {
    /// Parses what somebody typed.
    ///
    /// # Errors
    /// `room_topic_too_long` or `invalid_text`.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, InvalidField> {
        let rule = TextRule {
            field: "topic",
            noun: "room's topic",
            too_long: Refusal::RoomTopicTooLong,
            max_chars: limits.room_topic_chars,
            setting: "HUBBUB_MAX_ROOM_TOPIC_CHARS",
            multiline: false,
        };
        rule.check_line(text).map(Self)
    }
}

impl fmt::Display for RoomTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
