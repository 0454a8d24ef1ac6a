//! Passwords: Argon2id on threads of its own.
//!
//! Hashing takes tens of milliseconds and megabytes on purpose. On a worker thread it would hold up everybody's
//! messages, so a fixed number of threads does it, and a bounded queue says "busy" instead of growing.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::config::AuthConfig;
use crate::domain::Password;

/// The threads that hash and compare passwords. Dropping it finishes what they do and joins them.
pub struct Passwords {
    /// `None` only while it is dropped: the threads end when the sender is gone.
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
    /// The hash of a password that nobody has, compared with when there is no such person: the time that an answer
    /// takes must not tell who has an account.
    nobodys_hash: Arc<str>,
}

/// Why a password was neither hashed nor compared.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// The queue is full: too many people sign in at once.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The library refused, or the threads are gone.
    #[error("a password could not be hashed: {0}")]
    Failed(String),
}

enum Job {
    Hash { password: Password, answer: oneshot::Sender<Result<String, PasswordError>> },
    Compare { password: Password, hash: Arc<str>, answer: oneshot::Sender<Result<bool, PasswordError>> },
}

impl Passwords {
    /// Jobs that may wait for each thread: about a second of work at OWASP's parameters.
    const WAITING_PER_THREAD: usize = 32;
    /// Passes over the memory: OWASP's figure for 19 MiB.
    const PASSES: u32 = 2;

    /// Starts the threads.
    ///
    /// # Errors
    /// [`PasswordError::Failed`] when Argon2 refuses the parameters or the system refuses a thread.
    pub fn start(config: &AuthConfig) -> Result<Self, PasswordError> {
        let params = Params::new(config.password_memory_kib, Self::PASSES, 1, None).map_err(failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobodys_hash = hash(&argon2, &rand::random::<[u8; 32]>())?.into();
        let (jobs, waiting) = sync_channel(config.password_threads * Self::WAITING_PER_THREAD);
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = (0..config.password_threads)
            .map(|number| {
                let (argon2, waiting) = (argon2.clone(), Arc::clone(&waiting));
                std::thread::Builder::new().name(format!("password-{number}")).spawn(move || work(&argon2, &waiting))
            })
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        Ok(Self { jobs: Some(jobs), threads, nobodys_hash })
    }

    /// Hashes a password that is about to be set, with a salt of its own.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when too many wait.
    pub async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        let (answer, answered) = oneshot::channel();
        self.submit(Job::Hash { password, answer })?;
        answered.await.map_err(failed)?
    }

    /// Compares a password with somebody's hash. `None`, for nobody, takes as long and is never right.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when too many wait; [`PasswordError::Failed`] when `hash` is none.
    pub async fn is_right(&self, password: Password, hash: Option<String>) -> Result<bool, PasswordError> {
        let exists = hash.is_some();
        let hash = hash.map_or_else(|| Arc::clone(&self.nobodys_hash), Arc::from);
        let (answer, answered) = oneshot::channel();
        self.submit(Job::Compare { password, hash, answer })?;
        Ok(answered.await.map_err(failed)?? && exists)
    }

    /// Whether a hash was made with other parameters than the settings say, and so should be made again.
    #[must_use]
    pub fn is_outdated(&self, hash: &str) -> bool {
        // `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`: what comes before the salt.
        let parameters = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        parameters(hash) != parameters(&self.nobodys_hash)
    }

    fn submit(&self, job: Job) -> Result<(), PasswordError> {
        let jobs = self.jobs.as_ref().ok_or_else(|| failed("shutting down"))?;
        jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => PasswordError::Busy,
            TrySendError::Disconnected(_) => failed("the threads have ended"),
        })
    }
}

impl Drop for Passwords {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing left to finish.
            let _ = thread.join();
        }
    }
}

/// One thread's life: a job after the other, until the sender is gone.
fn work(argon2: &Argon2<'_>, waiting: &Mutex<Receiver<Job>>) {
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            // Whoever gave up waiting must not cost the next one in the queue.
            Ok(Job::Hash { answer, .. }) if answer.is_closed() => {}
            Ok(Job::Compare { answer, .. }) if answer.is_closed() => {}
            Ok(Job::Hash { password, answer }) => {
                // The caller gave up meanwhile.
                let _ = answer.send(hash(argon2, password.expose().as_bytes()));
            }
            Ok(Job::Compare { password, hash, answer }) => {
                // The caller gave up meanwhile.
                let _ = answer.send(make_up(argon2, &hash).and_then(|()| compare(argon2, &password, &hash)));
            }
            Err(_) => return,
        }
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, PasswordError> {
    Ok(argon2.hash_password(password).map_err(failed)?.to_string())
}

fn compare(argon2: &Argon2<'_>, password: &Password, hash: &str) -> Result<bool, PasswordError> {
    let hash = PasswordHash::new(hash).map_err(failed)?;
    for form in std::iter::once(password.expose()).chain(password.other_forms().iter().map(String::as_str)) {
        match argon2.verify_password(form.as_bytes(), &hash) {
            Ok(()) => return Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(false)
}

/// Does the work that a hash of cheaper parameters spares: else an answer would tell, after the cost was raised, who has an
/// account and has not signed in since.
fn make_up(argon2: &Argon2<'_>, hash: &str) -> Result<(), PasswordError> {
    let hash = PasswordHash::new(hash).map_err(failed)?;
    let Some(params) = missing_work(argon2.params(), &Params::try_from(&hash).map_err(failed)?) else { return Ok(()) };
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password(b"nobody's").map(drop).map_err(failed)
}

/// What a hash of `stored` costs less than one of `wanted`, as parameters of its own. The time of Argon2 grows with the
/// memory and the passes.
fn missing_work(wanted: &Params, stored: &Params) -> Option<Params> {
    let work = |params: &Params| u64::from(params.m_cost()) * u64::from(params.t_cost());
    let missing_kib = work(wanted).checked_sub(work(stored))? / u64::from(wanted.t_cost());
    let missing_kib = u32::try_from(missing_kib).ok().filter(|kib| *kib >= Params::MIN_M_COST)?;
    Params::new(missing_kib, wanted.t_cost(), 1, None).ok()
}

fn failed(reason: impl ToString) -> PasswordError {
    PasswordError::Failed(reason.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::TEST_CONFIG;

    fn password(text: &str) -> Password {
        Password::parse_attempt(text).expect("short enough")
    }

    #[tokio::test]
    async fn a_password_is_right_only_for_its_own_hash() {
        let passwords = Passwords::start(&TEST_CONFIG).expect("cheap parameters");
        let hash = passwords.hash(password("correct horse")).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{hash}");
        assert!(passwords.is_right(password("correct horse"), Some(hash.clone())).await.expect("compared"));
        assert!(!passwords.is_right(password("correct house"), Some(hash)).await.expect("compared"));
    }

    #[tokio::test]
    async fn a_hash_of_another_form_or_cost_still_fits_and_is_told_apart() {
        let passwords = Passwords::start(&TEST_CONFIG).expect("cheap parameters");
        let params = Params::new(128, Passwords::PASSES, 1, None).expect("valid");
        let dearer = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let old = hash(&dearer, "passe\u{301} mot".as_bytes()).expect("hashed");
        for typed in ["passe\u{301} mot", "pass\u{e9} mot"] {
            assert!(passwords.is_right(password(typed), Some(old.clone())).await.expect("compared"), "{typed}");
        }
        assert!(passwords.is_outdated(&old));
        let new = passwords.hash(password("pass\u{e9} mot")).await.expect("hashed");
        assert!(!passwords.is_outdated(&new));
    }

    #[test]
    fn a_cheaper_hash_costs_as_much_as_one_of_today() {
        let params = |kib, passes| Params::new(kib, passes, 1, None).expect("valid");
        let missing =
            |stored: Params| missing_work(&params(1_024, 2), &stored).map(|params| (params.m_cost(), params.t_cost()));
        assert_eq!(missing(params(256, 2)), Some((768, 2)));
        assert_eq!(missing(params(1_024, 1)), Some((512, 2)));
        assert_eq!(missing(params(1_024, 2)), None);
        assert_eq!(missing(params(4_096, 2)), None, "a dearer one is compared as it is");
    }

    #[tokio::test]
    async fn two_hashes_of_one_password_differ() {
        let passwords = Passwords::start(&TEST_CONFIG).expect("cheap parameters");
        let one = passwords.hash(password("correct horse")).await.expect("hashed");
        let other = passwords.hash(password("correct horse")).await.expect("hashed");
        assert_ne!(one, other);
    }

    #[tokio::test]
    async fn nobodys_password_is_compared_at_the_same_cost_and_never_right() {
        let passwords = Passwords::start(&TEST_CONFIG).expect("cheap parameters");
        assert!(passwords.nobodys_hash.starts_with("$argon2id$v=19$m=64,t=2,p=1$"));
        assert!(!passwords.is_right(password("anything at all"), None).await.expect("compared"));
    }

    #[tokio::test]
    async fn a_stored_hash_that_is_none_is_an_error_and_not_a_wrong_password() {
        let passwords = Passwords::start(&TEST_CONFIG).expect("cheap parameters");
        let answer = passwords.is_right(password("correct horse"), Some("plain text".to_owned())).await;
        assert!(matches!(answer, Err(PasswordError::Failed(_))));
    }

    #[tokio::test]
    async fn a_full_queue_says_busy_at_once() {
        let slow = AuthConfig { password_memory_kib: 65_536, ..TEST_CONFIG };
        let passwords = Arc::new(Passwords::start(&slow).expect("valid parameters"));
        let burst = 2 * Passwords::WAITING_PER_THREAD;
        let mut hashes: Vec<_> = (0..burst).map(|_| Box::pin(passwords.hash(password("correct horse")))).collect();
        let mut refused = 0;
        for hash in &mut hashes {
            if let std::task::Poll::Ready(Err(PasswordError::Busy)) = futures_util::poll!(hash) {
                refused += 1;
            }
        }
        assert!(refused >= burst - Passwords::WAITING_PER_THREAD - 1, "{refused} of {burst} were refused");
    }

    #[tokio::test]
    async fn dropping_it_ends_its_threads() {
        let passwords = Passwords::start(&TEST_CONFIG).expect("cheap parameters");
        passwords.hash(password("correct horse")).await.expect("hashed");
        let dropped = tokio::task::spawn_blocking(move || drop(passwords));
        tokio::time::timeout(std::time::Duration::from_secs(10), dropped).await.expect("in time").expect("no panic");
    }
}
