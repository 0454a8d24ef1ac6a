//! The address of the database: the value of `HUBBUB_DATABASE_URL`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// A database, chosen by the URL's scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file, made when it does not exist: `sqlite:PATH`.
    Sqlite(PathBuf),
    /// A server: `postgres://…` or `postgresql://…`.
    Postgres(PostgresUrl),
}

/// For log lines and errors: the file, or the kind of server. Never a password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(_) => f.write_str("on the Postgres server"),
        }
    }
}

/// The address of a Postgres server; it may contain a password, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

impl PostgresUrl {
    pub(in crate::store) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresUrl(…)")
    }
}

/// A URL that names no database. The error does not repeat the URL, which may contain a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidDatabaseUrl {
    /// Another scheme, or none.
    #[error("HUBBUB_DATABASE_URL must be sqlite:PATH, postgres://… or postgresql://…")]
    Scheme,
    /// `sqlite:` alone, or a database in memory, which the writer and the readers could not share.
    #[error("HUBBUB_DATABASE_URL must name a file after sqlite:, for example sqlite:data/hubbub.db")]
    NoFile,
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(PostgresUrl(text.to_owned())));
        }
        let path = text.strip_prefix("sqlite:").ok_or(InvalidDatabaseUrl::Scheme)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.starts_with(":memory:") {
            return Err(InvalidDatabaseUrl::NoFile);
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DatabaseUrl, InvalidDatabaseUrl> {
        text.parse()
    }

    #[test]
    fn the_scheme_chooses_the_database() {
        for (text, path) in [
            ("sqlite:data/hubbub.db", "data/hubbub.db"),
            ("sqlite:/srv/hubbub.db", "/srv/hubbub.db"),
            ("sqlite:///srv/hubbub.db", "/srv/hubbub.db"),
            ("sqlite://data/hubbub.db", "data/hubbub.db"),
        ] {
            assert_eq!(parse(text), Ok(DatabaseUrl::Sqlite(path.into())), "{text}");
        }
        for text in ["postgres://localhost/hubbub", "postgresql:///hubbub"] {
            assert!(matches!(parse(text), Ok(DatabaseUrl::Postgres(_))), "{text}");
        }
    }

    #[test]
    fn a_text_without_a_known_scheme_never_becomes_a_file() {
        for text in ["", "hubbub.db", "mysql://localhost/hubbub", "postgres:hubbub", "Sqlite:x", "file:hubbub.db"] {
            assert_eq!(parse(text), Err(InvalidDatabaseUrl::Scheme), "{text}");
        }
        for text in ["sqlite:", "sqlite://", "sqlite::memory:"] {
            assert_eq!(parse(text), Err(InvalidDatabaseUrl::NoFile), "{text}");
        }
    }

    #[test]
    fn a_password_in_the_url_never_shows_itself() {
        let url = parse("postgres://hubbub:secret@localhost/hubbub").expect("valid");
        assert!(!format!("{url:?}").contains("secret"));
    }
}
