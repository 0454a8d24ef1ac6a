//! Whatever happens on the way, every page ends with what a fresh look shows, and applied each event once.
//!
//! Random operations by several people, whose clients lose frames, lose their sockets, and outlive restarts of the
//! server. The client here follows the rules of `docs/api.md`: subscribe first, then read, then go live; drop what is
//! not newer, apply what comes next, fetch what lies between.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::support::database::PostgresSchema;
use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::settings::setting;
use crate::support::socket::Socket;

const PEOPLE: [&str; 3] = ["ada", "grace", "linus"];

/// What one room looks like to one client.
#[derive(Debug, Default, PartialEq)]
struct View {
    seq: i64,
    /// By number: the text, and whether it was taken back.
    messages: BTreeMap<i64, (String, bool)>,
    name: String,
}

impl View {
    fn apply(&mut self, event: &Value) {
        let seq = event["seq"].as_i64().expect("a seq");
        assert_eq!(seq, self.seq + 1, "events are applied in order, each once");
        self.seq = seq;
        if let Some(message) = event.get("message") {
            let number = message["number"].as_i64().expect("a number");
            let is_new = self.messages.insert(number, content(message)).is_none();
            assert_eq!(is_new, event["type"] == "message.posted", "{event}");
        }
        if let Some(room) = event.get("room") {
            self.name = text(&room["name"]);
        }
    }
}

fn content(message: &Value) -> (String, bool) {
    (text(&message["body"]), !message["deleted_at"].is_null())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// One person's page.
struct Client {
    person: Person,
    socket: Option<Socket>,
    views: BTreeMap<i64, View>,
    /// Chooses which frames get lost on the way.
    chance: StdRng,
}

impl Client {
    async fn connect(&mut self, server: &Server) {
        let mut socket = Socket::open(server).await;
        for room in self.views.keys() {
            socket.ask_to_join(&self.person, &format!("private-room.{room}")).await;
            // Events of a room that was joined before may come in between; they are read afterwards, with the others.
            while socket.next().await.event != "pusher_internal:subscription_succeeded" {}
        }
        self.socket = Some(socket);
        for room in self.views.keys().copied().collect::<Vec<_>>() {
            self.catch_up(room).await;
        }
    }

    /// Fetches what the view lacks.
    async fn catch_up(&mut self, room: i64) {
        let view = self.views.get_mut(&room).expect("a room of this client");
        loop {
            let path = format!("/api/v1/rooms/{room}/events?limit=20&after={}", view.seq);
            let answer = self.person.get(&path).await.expect(200).json;
            assert_eq!(answer.get("resync"), None, "the log reaches back to the beginning");
            for event in answer["items"].as_array().expect("a list") {
                view.apply(event);
            }
            if answer["more"] == false {
                return;
            }
        }
    }

    /// Takes in what has arrived, losing some of it.
    async fn receive(&mut self) {
        let Some(mut socket) = self.socket.take() else { return };
        while let Some(frame) = socket.try_next().await {
            let Some(room) = frame.channel.strip_prefix("private-room.").and_then(|id| id.parse().ok()) else {
                continue;
            };
            if self.chance.random_bool(0.2) {
                continue;
            }
            let view = self.views.get_mut(&room).expect("a room of this client");
            let seq = frame.data["seq"].as_i64().expect("a seq");
            match seq - view.seq {
                ..=0 => {}
                1 if frame.event != "room.head" => view.apply(&frame.data),
                _ => self.catch_up(room).await,
            }
        }
        self.socket = Some(socket);
    }
}

/// Everybody, and what is known of what they posted.
struct World {
    server: Server,
    clients: Vec<Client>,
    rooms: Vec<i64>,
    /// Ids of acknowledged messages and their authors, by room.
    posted: Vec<(i64, i64, usize)>,
    chance: StdRng,
}

impl World {
    async fn new(seed: u64, database_url: Option<String>, bus_faults_percent: u8) -> Self {
        let server = Server::start_with(|config| {
            config.database_url = database_url.map(Into::into);
            config.bus.bus_faults_percent = bus_faults_percent;
        })
        .await;
        let mut clients = Vec::new();
        for (number, name) in (0..).zip(PEOPLE) {
            let person = server.sign_up(name).await;
            let chance = StdRng::seed_from_u64(seed * 100 + number);
            clients.push(Client { person, socket: None, views: BTreeMap::new(), chance });
        }
        let mut rooms = Vec::new();
        for name in ["Lobby", "Kitchen"] {
            let room = clients[0].person.create_room(name, "open").await;
            for client in &mut clients {
                client.person.join(room).await;
                client.views.insert(room, View::default());
            }
            rooms.push(room);
        }
        for client in &mut clients {
            client.connect(&server).await;
        }
        Self { server, clients, rooms, posted: Vec::new(), chance: StdRng::seed_from_u64(seed) }
    }

    /// Something happens.
    async fn step(&mut self, round: usize) {
        let who = self.chance.random_range(0..self.clients.len());
        let room = *self.rooms.choose(&mut self.chance).expect("rooms");
        match self.chance.random_range(0..100) {
            0..50 => self.post(who, room, round).await,
            50..65 => self.change_message(who, false, round).await,
            65..72 => self.change_message(who, true, round).await,
            72..76 => {
                let name = json!({"name": format!("Room {round}")});
                self.clients[0].person.patch(&format!("/api/v1/rooms/{room}"), &name).await.expect(200);
            }
            76..84 => self.clients[who].socket = None,
            84..97 => {
                if self.clients[who].socket.is_none() {
                    self.clients[who].connect(&self.server).await;
                }
            }
            _ => self.restart().await,
        }
        for client in &mut self.clients {
            client.receive().await;
        }
    }

    /// Posts, and now and then posts again as after a lost answer.
    async fn post(&mut self, who: usize, room: i64, round: usize) {
        let person = &self.clients[who].person;
        let message = json!({"body": format!("message {round}"), "client_id": format!("c-{round}")});
        let path = format!("/api/v1/rooms/{room}/messages");
        let first = person.post(&path, &message).await.expect(201);
        if self.chance.random_bool(0.2) {
            let second = person.post(&path, &message).await.expect(200);
            assert_eq!(second.json["id"], first.json["id"]);
        }
        self.posted.push((room, first.number("/id"), who));
    }

    async fn change_message(&mut self, who: usize, is_deletion: bool, round: usize) {
        let theirs: Vec<_> = self.posted.iter().filter(|(_, _, author)| *author == who).collect();
        let Some((room, id, _)) = theirs.choose(&mut self.chance).copied() else { return };
        let path = format!("/api/v1/rooms/{room}/messages/{id}");
        let person = &self.clients[who].person;
        let answer = match is_deletion {
            true => person.delete(&path).await,
            false => person.patch(&path, &json!({"body": format!("edited in round {round}")})).await,
        };
        // It may have been deleted before.
        assert!([200, 404].contains(&answer.status.as_u16()), "{}", answer.text);
    }

    /// The server ends and comes back, on another port: every socket is gone.
    async fn restart(&mut self) {
        self.server.restart().await;
        for client in &mut self.clients {
            client.socket = None;
            client.person.move_to(&self.server);
        }
    }

    /// Everybody comes back, and sees what a fresh look shows.
    async fn settle(&mut self) {
        for client in &mut self.clients {
            client.connect(&self.server).await;
            for (room, view) in &client.views {
                assert_eq!(*view, fresh_look(&client.person, *room).await);
            }
        }
        let acknowledged = self.posted.len();
        let seen: usize = self.clients[0].views.values().map(|view| view.messages.len()).sum();
        assert_eq!(seen, acknowledged, "every acknowledged message is there once");
    }
}

/// A room as somebody sees it who opens it now.
async fn fresh_look(person: &Person, room: i64) -> View {
    let shown = person.get(&format!("/api/v1/rooms/{room}")).await.expect(200);
    let (mut messages, mut after) = (BTreeMap::new(), 0);
    loop {
        let page = person.get(&format!("/api/v1/rooms/{room}/messages?limit=200&after={after}")).await.expect(200);
        for message in page.json["items"].as_array().expect("a list") {
            after = message["id"].as_i64().expect("an id");
            messages.insert(message["number"].as_i64().expect("a number"), content(message));
        }
        if page.json["next"].is_null() {
            return View { seq: page.number("/seq"), messages, name: shown.string("/name") };
        }
    }
}

async fn every_page_converges(database_url: Option<String>, bus_faults_percent: u8) {
    let seed = setting("HUBBUB_TEST_SEED").unwrap_or_else(|| rand::random_range(0..1_000_000));
    println!("HUBBUB_TEST_SEED={seed}");
    let mut world = World::new(seed, database_url, bus_faults_percent).await;
    for round in 0..setting("HUBBUB_TEST_ROUNDS").unwrap_or(120) {
        world.step(round).await;
    }
    world.settle().await;
}

#[actix_web::test]
async fn every_page_converges_on_sqlite() {
    every_page_converges(None, 0).await;
}

/// The bus itself loses, repeats, delays and overtakes.
#[actix_web::test]
async fn every_page_converges_over_a_faulty_bus() {
    every_page_converges(None, 20).await;
}

#[actix_web::test]
async fn every_page_converges_on_postgres() {
    if let Some(schema) = PostgresSchema::create() {
        every_page_converges(Some(schema.url()), 0).await;
    }
}
