//! Reading the trail, and writing to it what a command does.

use crate::domain::{AuditAction, AuditEntry};
use crate::store::{AuditNote, AuditQuery, DatabaseUrl, Snapshot, Store};

use super::MaintenanceError;
use super::people::OPTIONS;

/// The newest entries of the trail as lines of text, at most `limit`; with `action`, only those.
///
/// # Errors
/// [`MaintenanceError`], also when there is no such action.
pub fn audit(url: &DatabaseUrl, action: Option<&str>, limit: i64) -> Result<Vec<String>, MaintenanceError> {
    let action = action.map(AuditAction::parse).transpose()?;
    let query = AuditQuery { before: None, user_id: None, action, limit };
    Ok(Snapshot::open(url)?.audit(query)?.iter().map(line).collect())
}

/// Notes in the trail that a command was carried out.
///
/// # Errors
/// [`MaintenanceError`], for example when the database can only be read.
pub async fn note_in_trail(url: &DatabaseUrl, action: AuditAction, detail: String) -> Result<(), MaintenanceError> {
    let store = Store::open_existing(url, &OPTIONS)?;
    let noted = store.note_in_trail(action, AuditNote::default().saying(detail)).await;
    store.close().await;
    Ok(noted?)
}

/// `2026-11-28T10:00:00.000Z sign_in.wrong ada 192.0.2.1 – –`.
fn line(entry: &AuditEntry) -> String {
    let address = entry.address.map_or_else(|| "terminal".to_owned(), |address| address.to_string());
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let (username, subject, detail) = (or_dash(&entry.username), or_dash(&entry.subject), or_dash(&entry.detail));
    format!("{} {} {username} {address} {subject} {detail}", entry.created_at, entry.action)
}
