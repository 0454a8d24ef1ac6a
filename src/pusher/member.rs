//! Who a subscription is for: the signed `channel_data`.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use thiserror::Error;

use super::strict_json::is_strict;

/// A member of a channel as the application signed it:
/// `{"user_id":"1","user_info":{…},"issued_at":1764000318123}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PresenceMember {
    /// The user's id; a number in the JSON becomes its text, to the letter.
    pub user_id: String,
    /// Whether the application wrote the id as a number: so it is sent to the other members.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_number: bool,
    /// What other members may know, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_info: Option<Box<RawValue>>,
    /// When the application signed it, in milliseconds since 1970 UTC: an addition of Hubbub's chat, which lets an
    /// authorisation grow old. Other applications leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<i64>,
}

/// A `channel_data` that names no member.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidMember {
    /// Not a JSON object with a `user_id`.
    #[error("channel_data must be a JSON object with a user_id")]
    Malformed,
    /// The user id is empty or longer than the protocol allows.
    #[error("a user_id has 1 to {} characters", PresenceMember::MAX_USER_ID_CHARS)]
    UserId,
}

#[derive(Deserialize)]
struct ChannelData<'a> {
    #[serde(borrow)]
    user_id: &'a RawValue,
    #[serde(default)]
    user_info: Option<Box<RawValue>>,
    /// Other applications may mean something else by it.
    #[serde(borrow, default)]
    issued_at: Option<&'a RawValue>,
}

/// The id of a member as JSON: a number if the application wrote one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberId<'a> {
    /// The id as text.
    pub text: &'a str,
    /// Whether it is a number.
    pub is_number: bool,
}

impl Serialize for MemberId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_str::<&RawValue>(self.text) {
            Ok(number) if self.is_number => number.serialize(serializer),
            _ => serializer.serialize_str(self.text),
        }
    }
}

impl PresenceMember {
    /// The hosted service's limit.
    pub const MAX_USER_ID_CHARS: usize = 128;

    /// Parses a `channel_data` whose signature was verified.
    ///
    /// # Errors
    /// [`InvalidMember`].
    pub fn parse(channel_data: &str) -> Result<Self, InvalidMember> {
        let data: ChannelData<'_> = serde_json::from_str(channel_data).map_err(|_| InvalidMember::Malformed)?;
        if !data.user_info.as_deref().is_none_or(is_strict) {
            return Err(InvalidMember::Malformed);
        }
        let id = data.user_id;
        let is_number = serde_json::from_str::<serde_json::Number>(id.get()).is_ok();
        let user_id = match is_number {
            true => id.get().to_owned(),
            false => serde_json::from_str(id.get()).map_err(|_| InvalidMember::Malformed)?,
        };
        if !(1..=Self::MAX_USER_ID_CHARS).contains(&user_id.chars().count()) {
            return Err(InvalidMember::UserId);
        }
        let issued_at = data.issued_at.and_then(|issued_at| serde_json::from_str(issued_at.get()).ok());
        Ok(Self { user_id, is_number, user_info: data.user_info, issued_at })
    }

    /// The id as the application wrote it.
    #[must_use]
    pub fn id(&self) -> MemberId<'_> {
        MemberId { text: &self.user_id, is_number: self.is_number }
    }

    /// Whether the other members know the same of both.
    #[must_use]
    pub fn has_same_info(&self, other: &Self) -> bool {
        let text = |member: &Self| member.user_info.as_deref().map(RawValue::get).map(str::to_owned);
        text(self) == text(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_may_be_a_text_or_a_number() {
        let id = |data| PresenceMember::parse(data).map(|member| member.user_id);
        assert_eq!(id(r#"{"user_id":"a"}"#), Ok("a".to_owned()));
        assert_eq!(id(r#"{"user_id":10,"user_info":{"name":"x"}}"#), Ok("10".to_owned()));
    }

    #[test]
    fn an_id_is_written_as_it_was_read() {
        for id in ["10", r#""10""#, "-3", "1.50", "123456789012345678901234567890", r#""a \"b\"""#] {
            let member = PresenceMember::parse(&format!(r#"{{"user_id":{id}}}"#)).expect("valid");
            assert_eq!(serde_json::to_string(&member.id()).expect("JSON"), id);
        }
    }

    #[test]
    fn what_another_application_calls_issued_at_is_its_own() {
        for (issued_at, read) in
            [("7", Some(7)), (r#""2026-11-28""#, None), ("{}", None), ("1.5", None), ("null", None)]
        {
            let data = format!(r#"{{"user_id":1,"issued_at":{issued_at}}}"#);
            assert_eq!(PresenceMember::parse(&data).map(|member| member.issued_at), Ok(read), "{data}");
        }
    }

    #[test]
    fn data_that_names_nobody_is_refused() {
        for data in [
            "",
            "[]",
            "{}",
            r#"{"user_id":null}"#,
            r#"{"user_id":{}}"#,
            "nonsense",
            r#"{"user_id":1,"user_info":"\ud83d"}"#,
        ] {
            assert_eq!(PresenceMember::parse(data).err(), Some(InvalidMember::Malformed), "{data:?}");
        }
        assert_eq!(PresenceMember::parse(r#"{"user_id":""}"#).err(), Some(InvalidMember::UserId));
        let long = format!(r#"{{"user_id":"{}"}}"#, "é".repeat(129));
        assert_eq!(PresenceMember::parse(&long).err(), Some(InvalidMember::UserId));
    }

    #[test]
    fn the_user_info_is_kept_to_the_letter() {
        let member = PresenceMember::parse(r#"{"user_id":1,"user_info":{ "b":1, "a":1.0 }}"#).expect("valid");
        assert_eq!(member.user_info.map(|info| info.get().to_owned()), Some(r#"{ "b":1, "a":1.0 }"#.to_owned()));
    }
}
