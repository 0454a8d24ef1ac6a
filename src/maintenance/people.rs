//! Managing users from a terminal: a new password, the rights of an administrator, a token for a script.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::auth::{OpaqueToken, Passwords, TokenPurpose};
use crate::config::AuthConfig;
use crate::domain::{Password, Refusal, Username};
use crate::store::{AccountChange, DatabaseUrl, Store, StoreError, StoreOptions, TokenHash};

use super::MaintenanceError;

/// One person at a terminal has no queue.
const OPTIONS: StoreOptions = StoreOptions {
    read_connections: 1,
    read_timeout: Duration::from_secs(10),
    page_bytes: 1_048_576,
    write_queue: 16,
    write_batch: 16,
};

/// Gives a person a new password, which is answered, and ends their sessions and API tokens.
///
/// # Errors
/// [`MaintenanceError`], also when there is no such person.
pub async fn reset_password(url: &DatabaseUrl, username: &str, auth: &AuthConfig) -> Result<String, MaintenanceError> {
    let username = Username::parse(username)?;
    let password = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 15]>());
    let hash = Passwords::start(auth)?.hash(Password::parse_attempt(&password)?).await?;
    with_store(url, async |store| store.replace_password(&username, hash).await).await?;
    Ok(password)
}

/// Makes a person an administrator.
///
/// # Errors
/// [`MaintenanceError`], also when there is no such person.
pub async fn make_administrator(url: &DatabaseUrl, username: &str) -> Result<(), MaintenanceError> {
    let username = Username::parse(username)?;
    with_store(url, async |store| store.make_administrator(&username).await).await
}

/// Deactivates a person, or lets them in again.
///
/// # Errors
/// [`MaintenanceError`], also when there is no such person, and when nobody would be left who is an administrator.
pub async fn set_active(url: &DatabaseUrl, username: &str, is_active: bool) -> Result<(), MaintenanceError> {
    let username = Username::parse(username)?;
    let change = AccountChange { role: None, is_active: Some(is_active) };
    with_store(url, async |store| store.change_account_of(&username, change).await).await
}

/// Makes an API token for a person and answers it.
///
/// # Errors
/// [`MaintenanceError`], also when there is no such person.
pub async fn create_token(url: &DatabaseUrl, username: &str, name: String) -> Result<String, MaintenanceError> {
    let username = Username::parse(username)?;
    let token = OpaqueToken::generate(TokenPurpose::Api);
    let hash = TokenHash(token.digest());
    with_store(url, async |store| {
        let (user, _) = store.credentials(&username).await?.ok_or(StoreError::Refused(Refusal::UserNotFound))?;
        store.create_api_token(user.id, name, hash).await
    })
    .await?;
    Ok(token.expose().to_owned())
}

async fn with_store<T>(
    url: &DatabaseUrl,
    work: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
) -> Result<T, MaintenanceError> {
    let store = Store::open_existing(url, &OPTIONS)?;
    let done = work(&store).await;
    store.close().await;
    Ok(done?)
}
