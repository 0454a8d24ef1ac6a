//! The keys that sign access tokens: the newest signs, the one before it still verifies.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::config::{Secret, SecretFileError, require_private};
use crate::domain::Timestamp;

/// The keys in the data directory.
pub struct KeyRing {
    /// Newest first; never empty.
    keys: Vec<SigningKey>,
}

/// Why there are no keys to sign with.
#[derive(Debug, Error)]
pub enum KeyRingError {
    /// The file could not be read or written.
    #[error("cannot keep the keys of access tokens in {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Everybody on the machine can read it.
    #[error("{0}; or remove it to have new keys made, if somebody may have read it")]
    Open(#[from] SecretFileError),
    /// The file holds something else.
    #[error("{0} holds no keys; remove it to have new ones made (everybody's access token is then renewed)")]
    NoKeys(PathBuf),
}

/// One key: its name in a token's header, and its two uses.
pub(super) struct SigningKey {
    pub(super) kid: String,
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
}

#[derive(Serialize, Deserialize)]
struct KeyFile {
    keys: Vec<StoredKey>,
}

#[derive(Serialize, Deserialize, Clone)]
struct StoredKey {
    kid: String,
    /// base64url of 32 bytes.
    secret: String,
    /// Seconds since 1970.
    created_at: i64,
}

impl KeyRing {
    const FILE: &'static str = "token-keys.json";
    /// A key that leaked without anybody's notice is of no use after this long.
    const ROTATE_AFTER: Duration = Duration::from_secs(90 * 24 * 3_600);

    /// Reads the keys from the data directory; makes the first one, and a new one when the newest is 90 days old.
    ///
    /// # Errors
    /// When the file cannot be read or written, or holds something else.
    pub fn open(data_dir: &Path) -> Result<Self, KeyRingError> {
        Self::open_at(data_dir, Timestamp::now())
    }

    fn open_at(data_dir: &Path, now: Timestamp) -> Result<Self, KeyRingError> {
        let path = data_dir.join(Self::FILE);
        let mut stored = read(&path)?;
        let is_due = |key: &StoredKey| Timestamp(key.created_at * 1_000_000).after(Self::ROTATE_AFTER) <= now;
        if stored.first().is_none_or(is_due) {
            stored.insert(0, StoredKey::generate(now));
            // Access tokens live for minutes, so the key before the newest is the last that can have signed one.
            stored.truncate(2);
            write(&path, &KeyFile { keys: stored.clone() })?;
        }
        let keys = stored.iter().map(StoredKey::decode).collect::<Option<Vec<_>>>();
        keys.map(|keys| Self { keys }).ok_or(KeyRingError::NoKeys(path))
    }

    /// The one key that several processes make of the secret that they share. It is as old as the secret.
    #[must_use]
    pub fn of_secret(secret: &Secret) -> Self {
        let key = |purpose: &str| Sha256::new().chain_update(purpose).chain_update(secret.expose()).finalize();
        let (name, bytes) = (key("hubbub access token key id"), key("hubbub access token key"));
        let key = SigningKey {
            kid: hex::encode(&name[..8]),
            encoding: EncodingKey::from_secret(&bytes),
            decoding: DecodingKey::from_secret(&bytes),
        };
        Self { keys: vec![key] }
    }

    /// The key that signs.
    #[expect(clippy::indexing_slicing, reason = "a ring is never empty")]
    pub(super) fn newest(&self) -> &SigningKey {
        &self.keys[0]
    }

    /// The key of that name.
    pub(super) fn key(&self, kid: &str) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.kid == kid)
    }
}

impl StoredKey {
    fn generate(now: Timestamp) -> Self {
        Self {
            kid: format!("{:016x}", rand::random::<u64>()),
            secret: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()),
            created_at: now.unix_seconds(),
        }
    }

    fn decode(&self) -> Option<SigningKey> {
        // A short secret could be found by trying: RFC 7518 wants 256 bits for HS256.
        let secret = URL_SAFE_NO_PAD.decode(&self.secret).ok().filter(|secret| secret.len() >= 32)?;
        Some(SigningKey {
            kid: self.kid.clone(),
            encoding: EncodingKey::from_secret(&secret),
            decoding: DecodingKey::from_secret(&secret),
        })
    }
}

/// The stored keys; none when there is no file yet.
fn read(path: &Path) -> Result<Vec<StoredKey>, KeyRingError> {
    let file_error = |source| KeyRingError::File { path: path.to_owned(), source };
    // A copy may have opened it to other accounts of this machine: whoever read it can sign tokens for anybody.
    require_private(path)?;
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(file_error(error)),
    };
    match serde_json::from_slice::<KeyFile>(&text) {
        Ok(file) if !file.keys.is_empty() => Ok(file.keys),
        Ok(_) | Err(_) => Err(KeyRingError::NoKeys(path.to_owned())),
    }
}

/// Replaces the file in one step, so that a crash leaves the old keys or the new ones.
fn write(path: &Path, file: &KeyFile) -> Result<(), KeyRingError> {
    let replace = || {
        let draft = path.with_extension("new");
        let mut target = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        target.set_permissions(Permissions::from_mode(0o600))?;
        target.write_all(&serde_json::to_vec_pretty(file)?)?;
        target.sync_all()?;
        fs::rename(&draft, path)
    };
    replace().map_err(|source| KeyRingError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kids(ring: &KeyRing) -> Vec<&str> {
        ring.keys.iter().map(|key| key.kid.as_str()).collect()
    }

    #[test]
    fn keys_are_made_once_and_only_their_owner_may_read_them() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = KeyRing::open(dir.path()).expect("made");
        let second = KeyRing::open(dir.path()).expect("read");
        assert_eq!(kids(&first), kids(&second));
        let mode = fs::metadata(dir.path().join(KeyRing::FILE)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_everybody_may_read_is_refused_with_what_to_do() {
        let dir = tempfile::tempdir().expect("a directory");
        KeyRing::open(dir.path()).expect("made");
        let path = dir.path().join(KeyRing::FILE);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("changed");
        let Err(refused) = KeyRing::open(dir.path()) else { panic!("others can read it") };
        assert!(refused.to_string().contains(&format!("chmod 600 {}", path.display())), "{refused}");
    }

    #[test]
    fn after_ninety_days_a_new_key_signs_and_only_the_last_one_still_verifies() {
        let dir = tempfile::tempdir().expect("a directory");
        let now = Timestamp::now();
        let days = |days: u64| now.after(Duration::from_secs(days * 24 * 3_600));
        let first = KeyRing::open_at(dir.path(), now).expect("made").newest().kid.clone();
        assert_eq!(kids(&KeyRing::open_at(dir.path(), days(89)).expect("read")), [first.as_str()]);
        let second = KeyRing::open_at(dir.path(), days(91)).expect("rotated");
        assert_eq!(kids(&second)[1..], [first.as_str()]);
        let third = KeyRing::open_at(dir.path(), days(182)).expect("rotated");
        assert_eq!(kids(&third)[1..], kids(&second)[..1]);
    }

    #[test]
    fn a_broken_file_is_refused_and_never_overwritten() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(KeyRing::FILE);
        for text in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kid":"a","secret":"c2hvcnQ","created_at":9999999999}]}"#]
        {
            fs::write(&path, text).expect("written");
            fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("set");
            assert!(matches!(KeyRing::open(dir.path()), Err(KeyRingError::NoKeys(_))), "{text:?}");
            assert_eq!(fs::read_to_string(&path).expect("still there"), text);
        }
    }
}
