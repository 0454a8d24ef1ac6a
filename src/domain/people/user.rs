//! People: their names, their roles, and what makes a user name or a password acceptable.

use std::fmt;

use utoipa::ToSchema;

use crate::domain::text::{InvalidField, TextRule};
use crate::domain::{Limits, Refusal, Timestamp, UserId};

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The account.
    pub id: UserId,
    /// The name to sign in with and to be mentioned by.
    pub username: Username,
    /// The name that others read.
    pub name: PersonName,
    /// What the person may do.
    pub role: Role,
    /// When the person signed up.
    pub created_at: Timestamp,
}

/// As much of a user as stands beside a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRef {
    /// The account.
    pub id: UserId,
    /// The name to be mentioned by.
    pub username: String,
    /// The name that others read.
    pub name: String,
}

impl From<&User> for UserRef {
    fn from(user: &User) -> Self {
        Self { id: user.id, username: user.username.to_string(), name: user.name.to_string() }
    }
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Role {
    /// May administer the instance and moderate every room it can see.
    Administrator,
    /// Everybody else.
    Member,
}

impl Role {
    /// The role's name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Member => "member",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "administrator" => Some(Self::Administrator),
            "member" => Some(Self::Member),
            _ => None,
        }
    }
}

/// A valid user name: 2 to 32 of `a–z 0–9 _ - .`, beginning with a letter; lower-cased.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(String);

impl Username {
    /// Parses what somebody typed.
    ///
    /// # Errors
    /// `invalid_username` when it has another form.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        let name = text.trim().to_ascii_lowercase();
        let first_is_letter = name.starts_with(|c: char| c.is_ascii_lowercase());
        let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.".contains(c));
        if first_is_letter && plain && (2..=32).contains(&name.len()) {
            return Ok(Self(name));
        }
        let detail = "A user name has 2 to 32 characters: letters a-z, digits, \"_\", \"-\" and \".\", a letter first.";
        Err(InvalidField::new("username", Refusal::InvalidUsername, detail))
    }

    /// The name of a stored row, which was parsed when it was written.
    pub(crate) const fn stored(name: String) -> Self {
        Self(name)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name that others read: not blank, one line, within the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    /// Parses what somebody typed.
    ///
    /// # Errors
    /// `name_empty`, `name_too_long` or `invalid_text`.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, InvalidField> {
        let rule = TextRule {
            field: "name",
            noun: "name",
            too_long: Refusal::NameTooLong,
            max_chars: limits.user_name_chars,
            setting: "HUBBUB_MAX_USER_NAME_CHARS",
            multiline: false,
        };
        rule.check_filled(text, Refusal::NameEmpty).map(Self)
    }

    /// The name of a stored row, which was parsed when it was written.
    pub(crate) const fn stored(name: String) -> Self {
        Self(name)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A password as typed: long enough, and never printed.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// The longest accepted, in bytes: Argon2 takes more, but a stranger must not choose how much is hashed.
    const MAX_BYTES: usize = 1_024;

    /// Parses a password that is about to be set.
    ///
    /// # Errors
    /// `password_too_short` or `password_too_long`.
    pub fn parse_new(text: &str, limits: &Limits) -> Result<Self, InvalidField> {
        if text.chars().count() < limits.password_chars_min {
            let detail = format!(
                "A password has at least {} characters (HUBBUB_MIN_PASSWORD_CHARS).",
                limits.password_chars_min
            );
            return Err(InvalidField::new("password", Refusal::PasswordTooShort, detail));
        }
        Self::parse_attempt(text)
    }

    /// Takes a password that is about to be compared.
    ///
    /// # Errors
    /// `password_too_long`.
    pub fn parse_attempt(text: &str) -> Result<Self, InvalidField> {
        if text.len() > Self::MAX_BYTES {
            let detail = format!("A password has at most {} bytes.", Self::MAX_BYTES);
            return Err(InvalidField::new("password", Refusal::PasswordTooLong, detail));
        }
        Ok(Self(text.to_owned()))
    }

    /// The secret itself, for hashing.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_is_lower_cased_and_trimmed() {
        assert_eq!(Username::parse(" Ada.L ").map(|name| name.to_string()), Ok("ada.l".to_owned()));
    }

    #[test]
    fn user_names_that_could_deceive_are_refused() {
        for name in ["", "a", "1ada", "ada lovelace", "аda", "a\u{212a}a", "ada\u{200b}", "@ada", &"a".repeat(33)] {
            assert!(Username::parse(name).is_err(), "{name:?} was accepted");
        }
    }

    #[test]
    fn a_password_never_shows_itself() {
        let password = Password::parse_attempt("correct horse").expect("short enough");
        assert!(!format!("{password:?}").contains("horse"));
    }
}
