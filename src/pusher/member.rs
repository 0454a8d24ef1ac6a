//! Who a subscription is for: the signed `channel_data`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use super::strict_json::is_strict;

/// A member of a channel as the application signed it:
/// `{"user_id":"1","user_info":{…},"issued_at":1764000318123}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PresenceMember {
    /// The user's id; a number in the JSON becomes its decimal text.
    pub user_id: String,
    /// What other members may know, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_info: Option<Box<RawValue>>,
    /// When the application signed it, in milliseconds since 1970 UTC: an addition of Hubbub's chat, which lets an
    /// authorisation grow old. Other applications leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<i64>,
    /// The session or API token by which the application let the user in, as `session.12` or `token.3`: another addition
    /// of Hubbub's chat. The socket is closed when it ends. Other nodes have no use for it.
    #[serde(default, skip_serializing)]
    pub credential: Option<String>,
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
struct ChannelData {
    user_id: UserId,
    #[serde(default)]
    user_info: Option<Box<RawValue>>,
    #[serde(default)]
    issued_at: Option<i64>,
    #[serde(default)]
    credential: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum UserId {
    Text(String),
    Number(serde_json::Number),
}

impl PresenceMember {
    /// The hosted service's limit.
    pub const MAX_USER_ID_CHARS: usize = 128;

    /// Parses a `channel_data` whose signature was verified.
    ///
    /// # Errors
    /// [`InvalidMember`].
    pub fn parse(channel_data: &str) -> Result<Self, InvalidMember> {
        let data: ChannelData = serde_json::from_str(channel_data).map_err(|_| InvalidMember::Malformed)?;
        if !data.user_info.as_deref().is_none_or(is_strict) {
            return Err(InvalidMember::Malformed);
        }
        let user_id = match &data.user_id {
            UserId::Text(text) => text.clone(),
            UserId::Number(number) => number.to_string(),
        };
        if !(1..=Self::MAX_USER_ID_CHARS).contains(&user_id.chars().count()) {
            return Err(InvalidMember::UserId);
        }
        let ChannelData { user_info, issued_at, credential, .. } = data;
        Ok(Self { user_id, user_info, issued_at, credential })
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
