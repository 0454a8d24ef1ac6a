//! Who a socket is signed in as: the signed `user_data` of `pusher:signin`.

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::PresenceMember;
use super::strict_json::is_strict;

/// A user as the application signed it:
/// `{"id":"1","user_info":{…},"watchlist":["2","3"]}`.
#[derive(Debug, Clone)]
pub struct SignedInUser {
    /// The user's id.
    pub id: String,
    /// What members of presence channels may know, as JSON.
    pub user_info: Option<Box<RawValue>>,
    /// The users whose coming and going the client wants to hear of.
    pub watchlist: Vec<String>,
}

/// A `user_data` that names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidUser {
    /// Not a JSON object with an `id` that is a text.
    #[error("user_data must be a JSON object with an \"id\" that is a text")]
    Malformed,
    /// The id cannot stand in a channel's name, where the user is reached.
    #[error("a user's id has 1 to {} characters: letters, digits and _ - = @ , . ;", PresenceMember::MAX_USER_ID_CHARS)]
    Id,
}

#[derive(Deserialize)]
struct UserData {
    id: String,
    #[serde(default)]
    user_info: Option<Box<RawValue>>,
    #[serde(default)]
    watchlist: Vec<String>,
}

impl SignedInUser {
    /// Parses a `user_data` whose signature was verified.
    ///
    /// # Errors
    /// [`InvalidUser`].
    pub fn parse(user_data: &str) -> Result<Self, InvalidUser> {
        let UserData { id, user_info, watchlist } =
            serde_json::from_str(user_data).map_err(|_| InvalidUser::Malformed)?;
        if !user_info.as_deref().is_none_or(is_strict) {
            return Err(InvalidUser::Malformed);
        }
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-=@,.;".contains(&byte));
        if !is_plain || !(1..=PresenceMember::MAX_USER_ID_CHARS).contains(&id.len()) {
            return Err(InvalidUser::Id);
        }
        Ok(Self { id, user_info, watchlist })
    }

    /// The user as a member of a presence channel, when the subscription itself names none.
    #[must_use]
    pub fn as_member(&self) -> PresenceMember {
        PresenceMember {
            user_id: self.id.clone(),
            is_number: false,
            user_info: self.user_info.clone(),
            issued_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_an_id_that_can_stand_in_a_channel_name() {
        let user = SignedInUser::parse(r#"{"id":"7","user_info":{"n":1},"watchlist":["8"],"more":true}"#);
        assert_eq!(user.map(|user| (user.id, user.watchlist)), Ok(("7".to_owned(), vec!["8".to_owned()])));
        for data in ["", "{}", r#"{"id":7}"#, r#"{"id":null}"#] {
            assert_eq!(SignedInUser::parse(data).err(), Some(InvalidUser::Malformed), "{data}");
        }
        for data in [r#"{"id":""}"#, r#"{"id":"a b"}"#, r##"{"id":"#x"}"##] {
            assert_eq!(SignedInUser::parse(data).err(), Some(InvalidUser::Id), "{data}");
        }
    }
}
