//! Whatever happens on the way, all pages end with the same text, and nothing that was typed is lost.
//!
//! Several people write at random places; frames get lost, sockets drop, somebody is offline for long, the server is
//! started again. Each page follows the rules of `docs/api.md`: send each change over the socket, apply what comes, save
//! now and then, and fetch what it lacks.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::editor::{Editor, create_document};
use super::on_both_databases;
use crate::support::server::Server;
use crate::support::settings::setting;
use crate::support::socket::Socket;

const PAGES: usize = 4;

struct Page {
    editor: Editor,
    /// `None`: offline.
    socket: Option<Socket>,
    channel: String,
}

impl Page {
    async fn connect(&mut self, server: &Server) {
        self.editor.person.move_to(server);
        let mut socket = Socket::open(server).await;
        socket.join(&self.editor.person, &self.channel).await;
        self.socket = Some(socket);
        self.editor.load().await.expect(200);
    }

    /// Sends a change to the others, when there is a socket.
    async fn tell(&mut self, update: &[u8]) {
        if let Some(socket) = &mut self.socket {
            let data = json!({"update": STANDARD.encode(update)});
            socket.send(json!({"event": "client-update", "channel": self.channel, "data": data})).await;
        }
    }

    /// Applies what has come, losing some of it.
    async fn receive(&mut self, chance: &mut StdRng) {
        let Some(mut socket) = self.socket.take() else { return };
        while let Some(frame) = socket.try_next().await {
            if frame.data["update"].is_string() && chance.random_bool(0.7) {
                self.editor.receive_base64(&frame.data["update"]);
            }
        }
        self.socket = Some(socket);
    }
}

#[actix_web::test]
async fn all_pages_converge_and_nothing_typed_is_lost() {
    on_both_databases(async |server| {
        let seed = setting("HUBBUB_TEST_SEED").unwrap_or_else(rand::random);
        let rounds = setting("HUBBUB_TEST_ROUNDS").unwrap_or(60);
        eprintln!("HUBBUB_TEST_SEED={seed} repeats this");
        converge(server, &mut StdRng::seed_from_u64(seed), rounds).await;
    })
    .await;
}

async fn converge(server: &mut Server, chance: &mut StdRng, rounds: usize) {
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let id = create_document(&ada, room, "Agenda").await;
    let mut pages = Vec::new();
    for number in 0..PAGES {
        let person = server.sign_up(&format!("person{number}")).await;
        person.join(room).await;
        let editor = Editor::blank(&person, id);
        let mut page = Page { editor, socket: None, channel: format!("presence-document.{id}") };
        page.connect(server).await;
        pages.push(page);
    }
    // Words that were typed and that nobody deleted: each is unique and never split.
    let mut kept = BTreeSet::new();
    for round in 0..rounds {
        let page = &mut pages[chance.random_range(0..PAGES)];
        match chance.random_range(0..20) {
            0..=9 => {
                let word = format!("<{round}>");
                let update = page.editor.type_at(place_between_words(&page.editor.text(), chance), &word);
                kept.insert(word);
                page.tell(&update).await;
            }
            10 | 11 => {
                let text = page.editor.text();
                if let Some(word) = text.split_inclusive('>').next() {
                    kept.remove(word);
                    let update = page.editor.delete(0, word.len());
                    page.tell(&update).await;
                }
            }
            12..=14 if page.socket.is_some() => {
                page.editor.save().await.expect(200);
            }
            15 => page.socket = None,
            16 | 17 if page.socket.is_none() => page.connect(server).await,
            18 if round % 3 == 0 => {
                server.restart().await;
                pages.iter_mut().for_each(|page| page.socket = None);
            }
            _ => page.receive(chance).await,
        }
    }
    for page in &mut pages {
        page.connect(server).await;
    }
    // A page may have written behind what only another page has, and that behind what only a third one has.
    for _ in 0..PAGES {
        for page in &mut pages {
            page.editor.load().await.expect(200);
            page.editor.save().await.expect(200);
        }
    }
    let stored = pages[0].editor.stored_text().await;
    for page in &mut pages {
        page.editor.load().await.expect(200);
        assert_eq!(page.editor.text(), stored);
    }
    let mut words: Vec<&str> = stored.split_inclusive('>').collect();
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), count, "nothing stands there twice: {stored}");
    for word in &kept {
        assert!(words.contains(&word.as_str()), "{word} is lost: {stored}");
    }
}

/// The beginning of the text, or behind one of its words.
fn place_between_words(text: &str, chance: &mut StdRng) -> usize {
    let ends = text.match_indices('>').map(|(index, _)| index + 1);
    let places: Vec<usize> = std::iter::once(0).chain(ends).collect();
    places[chance.random_range(0..places.len())]
}
