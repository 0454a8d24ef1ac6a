//! The event `document.saved`, for the pages that have the document open.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::domain::Document;
use crate::json::{DocumentSavedPayload, to_text};

/// A save that changed a document.
#[derive(Debug, Clone, Copy)]
pub struct DocumentSaved<'a> {
    /// The document after the save.
    pub document: &'a Document,
    /// The Yjs state vector of the document after the save.
    pub state_vector: &'a [u8],
    /// The Yjs update that was saved, deletions included.
    pub update: &'a [u8],
}

impl DocumentSaved<'_> {
    /// The event's data with what fits into `max_bytes`: first the update, then the state vector.
    pub(super) fn json_within(&self, max_bytes: usize) -> String {
        let mut payload = DocumentSavedPayload {
            document_id: self.document.id,
            revision: self.document.revision,
            updated_by: (&self.document.updated_by).into(),
            state_vector: None,
            update: None,
        };
        let mut left = max_bytes.saturating_sub(to_text(&payload).len());
        payload.update = fitting(self.update, r#","update":"""#, &mut left);
        payload.state_vector = fitting(self.state_vector, r#","state_vector":"""#, &mut left);
        to_text(&payload)
    }
}

/// The bytes in base64; `None` when they and the text around them do not fit into the bytes left.
fn fitting(bytes: &[u8], around: &str, left: &mut usize) -> Option<String> {
    let length = bytes.len().div_ceil(3) * 4 + around.len();
    *left = left.checked_sub(length)?;
    Some(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::{DocumentId, RoomId, Timestamp, UserId, UserRef};

    fn data(update: &[u8], max_bytes: usize) -> (Value, usize) {
        let ada = UserRef { id: UserId(2), username: "ada".to_owned(), name: "Ada \"Lovelace\"".to_owned() };
        let document = Document {
            id: DocumentId(4),
            room_id: RoomId(1),
            title: "Agenda".to_owned(),
            created_at: Timestamp(0),
            created_by: ada.clone(),
            updated_at: Timestamp(0),
            updated_by: ada,
            revision: 17,
            bytes: 9,
            archived_at: None,
        };
        let saved = DocumentSaved { document: &document, state_vector: &[1, 7, 3], update };
        let data = saved.json_within(max_bytes);
        (serde_json::from_str(&data).expect("JSON"), data.len())
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_the_update_comes_first() {
        let (whole, length) = data(b"0123456", 10_240);
        assert_eq!((&whole["update"], &whole["state_vector"]), (&"MDEyMzQ1Ng==".into(), &"AQcD".into()));
        assert_eq!(data(b"0123456", length), (whole, length), "to the byte");
        let (without_vector, shorter) = data(b"0123456", length - 1);
        assert!(without_vector["state_vector"].is_null() && without_vector["update"].is_string() && shorter < length);
        let (least, _) = data(&[0; 20_000], 10_240);
        assert!(least["update"].is_null() && least["state_vector"].is_string(), "{least}");
        assert_eq!((&least["document_id"], &least["revision"]), (&4.into(), &17.into()));
    }
}
