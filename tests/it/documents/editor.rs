//! A page that a person writes a document in: a Yjs document of its own, saved by HTTP.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, GetString, ReadTxn, StateVector, Text, Transact, Update};

use crate::support::person::{Answer, Person};

pub(super) struct Editor {
    pub(super) person: Person,
    pub(super) path: String,
    yjs: Doc,
    /// What the server is known to have.
    saved: StateVector,
}

/// Makes a document; answers its id.
pub(super) async fn create_document(person: &Person, room: i64, title: &str) -> i64 {
    let path = format!("/api/v1/rooms/{room}/documents");
    person.post(&path, &json!({"title": title})).await.expect(201).number("/id")
}

impl Editor {
    /// A page that has loaded the document.
    pub(super) async fn open(person: &Person, document: i64) -> Self {
        let mut editor = Self::blank(person, document);
        editor.load().await.expect(200);
        editor
    }

    /// A page that has loaded nothing yet.
    pub(super) fn blank(person: &Person, document: i64) -> Self {
        let path = format!("/api/v1/documents/{document}");
        Self { person: person.clone(), path, yjs: Doc::new(), saved: StateVector::default() }
    }

    pub(super) fn text(&self) -> String {
        let text = self.yjs.get_or_insert_text("text");
        text.get_string(&self.yjs.transact())
    }

    /// Types at a place, counted in bytes; answers the update that the page would send over its socket.
    pub(super) fn type_at(&self, index: usize, text: &str) -> Vec<u8> {
        let shared = self.yjs.get_or_insert_text("text");
        let mut transaction = self.yjs.transact_mut();
        shared.insert(&mut transaction, u32::try_from(index).expect("a place"), text);
        transaction.encode_update_v1()
    }

    pub(super) fn append(&self, text: &str) -> Vec<u8> {
        self.type_at(self.text().len(), text)
    }

    pub(super) fn delete(&self, index: usize, length: usize) -> Vec<u8> {
        let shared = self.yjs.get_or_insert_text("text");
        let mut transaction = self.yjs.transact_mut();
        let number = |n: usize| u32::try_from(n).expect("a place");
        shared.remove_range(&mut transaction, number(index), number(length));
        transaction.encode_update_v1()
    }

    pub(super) fn receive(&self, update: &[u8]) {
        let update = Update::decode_v1(update).expect("an update");
        self.yjs.transact_mut().apply_update(update).expect("applied");
    }

    pub(super) fn receive_base64(&self, update: &Value) {
        self.receive(&STANDARD.decode(update.as_str().expect("base64")).expect("base64"));
    }

    pub(super) fn state_vector(&self) -> Vec<u8> {
        self.yjs.transact().state_vector().encode_v1()
    }

    /// Everything that the server is not known to have, but for what waits for something missing: `yrs` 0.28 mixes that up.
    pub(super) fn unsaved(&self) -> Vec<u8> {
        self.yjs.transact().encode_diff_v1(&self.saved)
    }

    /// Fetches what this page lacks.
    pub(super) async fn load(&mut self) -> Answer {
        let path = format!("{}?sv={}", self.path, URL_SAFE_NO_PAD.encode(self.state_vector()));
        let answer = self.person.get(&path).await;
        if answer.status.is_success() {
            self.receive_base64(&answer.json["update"]);
            self.note_saved(&answer);
        }
        answer
    }

    /// Saves; when the server has less than was thought, everything that it lacks.
    pub(super) async fn save(&mut self) -> Answer {
        let mut answer = put(&self.person, &self.path, self.unsaved()).await;
        if answer.json["complete"] == false {
            self.load().await.expect(200);
            answer = put(&self.person, &self.path, self.unsaved()).await;
        }
        if answer.status.is_success() {
            self.note_saved(&answer);
        }
        answer
    }

    fn note_saved(&mut self, answer: &Answer) {
        let state_vector = STANDARD.decode(answer.string("/state_vector")).expect("base64");
        self.saved = StateVector::decode_v1(&state_vector).expect("a state vector");
    }

    /// The text as the server has it.
    pub(super) async fn stored_text(&self) -> String {
        self.person.get(&format!("{}/text", self.path)).await.expect(200).text
    }
}

pub(super) async fn put(person: &Person, path: &str, update: impl Into<reqwest::Body>) -> Answer {
    let request = person.request(Method::PUT, path).header("content-type", "application/octet-stream");
    Answer::of(request.body(update)).await
}
