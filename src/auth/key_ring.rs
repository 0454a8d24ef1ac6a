//! The keys that sign access tokens. The newest signs; the one before it verifies what it signed while it was the newest,
//! so no longer than an access token lives. They are replaced while the server runs.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tracing::{info, warn};

use crate::config::{Secret, SecretFileError, require_private};
use crate::domain::Timestamp;

/// The keys, and how long one of them signs: a key that leaked without anybody's notice is of no use after that.
pub struct KeyRing {
    keys: Keys,
    signs_for: Duration,
}

enum Keys {
    /// In a file of the data directory.
    Stored { path: PathBuf, ring: RwLock<Ring> },
    /// Made of the secret that several processes share. They change at the same moments everywhere, so nothing is exchanged.
    Derived(Secret),
}

struct Ring {
    /// Newest first; never empty.
    keys: Vec<Arc<SigningKey>>,
    /// When the newest has signed for long enough.
    ends_at: Timestamp,
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
    /// When it began to sign.
    began_at: Timestamp,
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
    /// Until the next attempt, when the file could not be written.
    const RETRY: Duration = Duration::from_secs(600);

    /// Reads the keys from the data directory; makes the first one, and a new one when the newest has signed for
    /// `signs_for`.
    ///
    /// # Errors
    /// When the file cannot be read or written, or holds something else.
    pub fn open(data_dir: &Path, signs_for: Duration) -> Result<Self, KeyRingError> {
        Self::open_at(data_dir, signs_for, Timestamp::now())
    }

    pub(super) fn open_at(data_dir: &Path, signs_for: Duration, now: Timestamp) -> Result<Self, KeyRingError> {
        let path = data_dir.join(Self::FILE);
        let ring = RwLock::new(Ring::open(&path, signs_for, now)?);
        Ok(Self { keys: Keys::Stored { path, ring }, signs_for })
    }

    /// The keys that several processes make of the secret that they share.
    #[must_use]
    pub fn of_secret(secret: &Secret, signs_for: Duration) -> Self {
        Self { keys: Keys::Derived(secret.clone()), signs_for }
    }

    /// The key that signs at `now`. The first call after its time replaces it, which writes a file.
    pub(super) fn newest(&self, now: Timestamp) -> Arc<SigningKey> {
        match &self.keys {
            Keys::Stored { path, ring } => {
                if ring.read().unwrap_or_else(PoisonError::into_inner).ends_at <= now {
                    self.replace(path, ring, now);
                }
                ring.read().unwrap_or_else(PoisonError::into_inner).newest()
            }
            Keys::Derived(secret) => Arc::new(SigningKey::derive(secret, self.period(now), self.signs_for)),
        }
    }

    /// The key of that name, and when it stopped signing; `None` for the time as long as it signs.
    pub(super) fn key(&self, kid: &str, now: Timestamp) -> Option<(Arc<SigningKey>, Option<Timestamp>)> {
        match &self.keys {
            Keys::Stored { ring, .. } => {
                let ring = ring.read().unwrap_or_else(PoisonError::into_inner);
                let place = ring.keys.iter().position(|key| key.kid == kid)?;
                let successor = place.checked_sub(1).and_then(|place| ring.keys.get(place));
                Some((Arc::clone(ring.keys.get(place)?), successor.map(|key| key.began_at)))
            }
            Keys::Derived(secret) => {
                let period = self.period(now);
                // The clock of another node may be a little ahead of this one.
                let periods = [period, period.saturating_sub(1), period + 1];
                let mut keys = periods.map(|period| SigningKey::derive(secret, period, self.signs_for)).into_iter();
                let key = keys.find(|key| key.kid == kid)?;
                let stopped_at = key.began_at.after(self.signs_for);
                Some((Arc::new(key), Some(stopped_at)))
            }
        }
    }

    fn replace(&self, path: &Path, ring: &RwLock<Ring>, now: Timestamp) {
        let mut ring = ring.write().unwrap_or_else(PoisonError::into_inner);
        if ring.ends_at > now {
            return;
        }
        match Ring::open(path, self.signs_for, now) {
            Ok(replaced) => {
                *ring = replaced;
                info!("the key of access tokens was replaced");
            }
            Err(error) => {
                warn!(%error, "the key of access tokens could not be replaced; the old one signs on");
                ring.ends_at = now.after(Self::RETRY);
            }
        }
    }

    /// Counts the times of keys since 1970.
    fn period(&self, now: Timestamp) -> u64 {
        now.unix_seconds().unsigned_abs() / self.signs_for.as_secs().max(1)
    }
}

impl Ring {
    fn open(path: &Path, signs_for: Duration, now: Timestamp) -> Result<Self, KeyRingError> {
        let mut stored = read(path)?;
        let is_due = |key: &StoredKey| key.began_at().after(signs_for) <= now;
        if stored.first().is_none_or(is_due) {
            stored.insert(0, StoredKey::generate(now));
            // Access tokens live for minutes, so the key before the newest is the last that can have signed one.
            stored.truncate(2);
            write(path, &KeyFile { keys: stored.clone() })?;
        }
        let keys = stored.iter().map(|key| key.decode().map(Arc::new)).collect::<Option<Vec<_>>>();
        let keys = keys.ok_or_else(|| KeyRingError::NoKeys(path.to_owned()))?;
        let ends_at = keys.first().map_or(now, |key| key.began_at.after(signs_for));
        Ok(Self { keys, ends_at })
    }

    #[expect(clippy::indexing_slicing, reason = "a ring is never empty")]
    fn newest(&self) -> Arc<SigningKey> {
        Arc::clone(&self.keys[0])
    }
}

impl SigningKey {
    fn derive(secret: &Secret, period: u64, signs_for: Duration) -> Self {
        let digest = |purpose: &str| {
            let digest = Sha256::new().chain_update(purpose).chain_update(period.to_be_bytes());
            digest.chain_update(secret.expose()).finalize()
        };
        let (name, bytes) = (digest("hubbub access token key id"), digest("hubbub access token key"));
        let began_secs = period.saturating_mul(signs_for.as_secs());
        Self {
            kid: hex::encode(&name[..8]),
            began_at: Timestamp(0).after(Duration::from_secs(began_secs)),
            encoding: EncodingKey::from_secret(&bytes),
            decoding: DecodingKey::from_secret(&bytes),
        }
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

    fn began_at(&self) -> Timestamp {
        Timestamp(self.created_at.saturating_mul(1_000_000))
    }

    fn decode(&self) -> Option<SigningKey> {
        // A short secret could be found by trying: RFC 7518 wants 256 bits for HS256.
        let secret = URL_SAFE_NO_PAD.decode(&self.secret).ok().filter(|secret| secret.len() >= 32)?;
        Some(SigningKey {
            kid: self.kid.clone(),
            began_at: self.began_at(),
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

    const NINETY_DAYS: Duration = Duration::from_secs(90 * 24 * 3_600);

    fn open(data_dir: &Path) -> Result<KeyRing, KeyRingError> {
        KeyRing::open(data_dir, NINETY_DAYS)
    }

    fn kids(ring: &KeyRing) -> Vec<String> {
        let Keys::Stored { ring, .. } = &ring.keys else { return Vec::new() };
        ring.read().expect("readable").keys.iter().map(|key| key.kid.clone()).collect()
    }

    #[test]
    fn keys_are_made_once_and_only_their_owner_may_read_them() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = open(dir.path()).expect("made");
        let second = open(dir.path()).expect("read");
        assert_eq!(kids(&first), kids(&second));
        let mode = fs::metadata(dir.path().join(KeyRing::FILE)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_everybody_may_read_is_refused_with_what_to_do() {
        let dir = tempfile::tempdir().expect("a directory");
        open(dir.path()).expect("made");
        let path = dir.path().join(KeyRing::FILE);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("changed");
        let Err(refused) = open(dir.path()) else { panic!("others can read it") };
        assert!(refused.to_string().contains(&format!("chmod 600 {}", path.display())), "{refused}");
    }

    #[test]
    fn a_key_is_replaced_while_the_server_runs_and_when_it_starts() {
        let dir = tempfile::tempdir().expect("a directory");
        let now = Timestamp::now();
        let days = |days: u64| now.after(Duration::from_secs(days * 24 * 3_600));
        let running = KeyRing::open_at(dir.path(), NINETY_DAYS, now).expect("made");
        let first = running.newest(now).kid.clone();
        assert_eq!(running.newest(days(89)).kid, first);
        let second = running.newest(days(91)).kid.clone();
        assert_eq!(kids(&running), [second.clone(), first.clone()]);
        assert_eq!(
            running.key(&first, days(91)).and_then(|(_, stopped)| stopped).map(Timestamp::unix_seconds),
            Some(days(91).unix_seconds())
        );
        assert!(running.key(&second, days(91)).is_some_and(|(_, stopped)| stopped.is_none()));
        assert_eq!(kids(&KeyRing::open_at(dir.path(), NINETY_DAYS, days(92)).expect("read")), kids(&running));
        let started = KeyRing::open_at(dir.path(), NINETY_DAYS, days(182)).expect("replaced");
        assert_eq!(kids(&started)[1..], [second]);
        assert!(started.key(&first, days(182)).is_none());
    }

    #[test]
    fn a_key_that_cannot_be_replaced_signs_on() {
        let dir = tempfile::tempdir().expect("a directory");
        let now = Timestamp::now();
        let running = KeyRing::open_at(dir.path(), NINETY_DAYS, now).expect("made");
        let first = running.newest(now).kid.clone();
        let path = dir.path().join(KeyRing::FILE);
        fs::write(&path, "{}").expect("written");
        let later = now.after(NINETY_DAYS);
        assert_eq!(running.newest(later).kid, first);
        fs::remove_file(&path).expect("removed");
        assert_eq!(running.newest(later).kid, first, "it is not tried with every token");
        assert_ne!(running.newest(later.after(KeyRing::RETRY)).kid, first);
    }

    #[test]
    fn processes_with_one_secret_change_their_keys_at_the_same_moment() {
        let secret = Secret::from("a secret of at least thirty-two characters".to_owned());
        let (one, other) = (KeyRing::of_secret(&secret, NINETY_DAYS), KeyRing::of_secret(&secret, NINETY_DAYS));
        let start = Timestamp(0).after(NINETY_DAYS * 200);
        let before = start.before(Duration::from_secs(1));
        let (old, new) = (one.newest(before), one.newest(start));
        assert_ne!(old.kid, new.kid);
        assert_eq!(
            (other.newest(before).kid.clone(), other.newest(start).kid.clone()),
            (old.kid.clone(), new.kid.clone())
        );
        assert_eq!(other.key(&old.kid, start).and_then(|(_, stopped)| stopped), Some(start));
        assert!(other.key(&new.kid, before).is_some(), "a clock that is a second behind");
        assert!(other.key(&old.kid, start.after(NINETY_DAYS)).is_none());
    }

    #[test]
    fn a_broken_file_is_refused_and_never_overwritten() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(KeyRing::FILE);
        for text in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kid":"a","secret":"c2hvcnQ","created_at":9999999999}]}"#]
        {
            fs::write(&path, text).expect("written");
            fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("set");
            assert!(matches!(open(dir.path()), Err(KeyRingError::NoKeys(_))), "{text:?}");
            assert_eq!(fs::read_to_string(&path).expect("still there"), text);
        }
    }
}
