//! When a session, an API token or an account ends, what it let in ends too: sockets, event streams, calls.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::program::maintenance::run_sql;
use crate::support::person::{Answer, Person};
use crate::support::server::Server;
use crate::support::settings::PASSWORD;
use crate::support::socket::Socket;

/// How long a test waits until everything has ended: longer than the two seconds that it takes, for the machine may be busy.
const SOON: Duration = Duration::from_secs(10);

/// Ada, who ends; bob, who stays; a room of theirs.
struct Scene {
    server: Server,
    admin: Person,
    ada: Person,
    bob: Person,
    room: i64,
}

async fn scene() -> Scene {
    let server = Server::start().await;
    let admin = server.sign_up("admin").await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let room = bob.create_room("Lobby", "open").await;
    ada.join(room).await;
    Scene { server, admin, ada, bob, room }
}

async fn api_token(person: &Person) -> (Person, i64) {
    let made = person.post("/api/v1/tokens", &json!({"name": "bot"})).await.expect(201);
    (person.with_token(&made.string("/token")), made.number("/id"))
}

fn hubbub(data_dir: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
    command.args(arguments).arg("--data-dir").arg(data_dir).env_remove("HUBBUB_DATABASE_URL");
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

impl Scene {
    /// A socket of each kind of channel, let in by this person's credential.
    async fn socket(&self, person: &Person) -> Socket {
        let mut socket = Socket::open(&self.server).await;
        socket.join(person, &format!("private-room.{}", self.room)).await;
        socket
    }

    /// Asserts that the sockets and the stream of `ended` end in time, and hear nothing that is said after that; that
    /// `ended` can do nothing more; and that others notice nothing.
    async fn assert_ends(&self, ended: &Person, end: impl AsyncFnOnce()) {
        let mut theirs = self.socket(ended).await;
        let mut signed_in = Socket::open(&self.server).await;
        let request = json!({"socket_id": signed_in.id});
        let data = ended.post("/broadcasting/user-auth", &request).await.expect(200).json;
        signed_in.send(json!({"event": "pusher:signin", "data": data})).await;
        signed_in.expect("pusher:signin_success").await;
        let mut late = Socket::open(&self.server).await;
        let channel = format!("presence-room.{}", self.room);
        let right = json!({"socket_id": late.id, "channel_name": channel});
        let mut right = ended.post("/broadcasting/auth", &right).await.expect(200).json;
        right["channel"] = channel.into();
        let mut bobs = self.socket(&self.bob).await;
        let stream = ended.request(Method::GET, "/api/v1/events").send().await.expect("a stream");
        assert_eq!(stream.status(), 200);

        let began = Instant::now();
        end().await;
        for socket in [&mut theirs, &mut signed_in] {
            let closed = socket.closed().await;
            assert_eq!(closed.code, 4200, "{closed:?}");
            assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        }
        self.bob.say(self.room, "not for those who left").await;
        let streamed = tokio::time::timeout(SOON, stream.text()).await.expect("the stream ends").expect("a whole body");
        assert!(began.elapsed() < SOON + Duration::from_secs(1), "{:?}", began.elapsed());
        assert!(!streamed.contains("not for those"), "{streamed}");
        assert_eq!(bobs.expect("message.posted").await.data["message"]["body"], "not for those who left");
        // A right that was signed before the end is worth nothing.
        late.send(json!({"event": "pusher:subscribe", "data": right})).await;
        assert_eq!(late.expect("pusher:subscription_error").await.data["status"], 401);
        assert_eq!(ended.get("/api/v1/me").await.status, 401);
        self.bob.get("/api/v1/me").await.expect(200);
        bobs.expect_silence().await;
    }
}

#[actix_web::test]
async fn signing_out_ends_the_sockets_and_streams_of_this_session() {
    let scene = scene().await;
    let other = sign_in(&scene.server.stranger(), "ada").await;
    let mut others = scene.socket(&other).await;
    scene.assert_ends(&scene.ada, async || drop(scene.ada.delete("/api/v1/session").await.expect(204))).await;
    others.expect("message.posted").await;
    other.get("/api/v1/me").await.expect(200);
}

async fn sign_in(stranger: &Person, username: &str) -> Person {
    let request = json!({"username": username, "password": PASSWORD});
    let session = stranger.post("/api/v1/session", &request).await.expect(200);
    stranger.with_token(&session.string("/access_token"))
}

#[actix_web::test]
async fn signing_out_everywhere_ends_all_sessions_and_no_token() {
    let scene = scene().await;
    let phone = sign_in(&scene.server.stranger(), "ada").await;
    let (bot, _) = api_token(&scene.ada).await;
    scene.assert_ends(&phone, async || drop(scene.ada.delete("/api/v1/sessions").await.expect(204))).await;
    scene.ada.get("/api/v1/me").await.expect_problem(401, "session_ended");
    bot.get("/api/v1/me").await.expect(200);
}

#[actix_web::test]
async fn a_revoked_token_ends_what_it_let_in() {
    let scene = scene().await;
    let (bot, id) = api_token(&scene.ada).await;
    let revoke = async || drop(scene.ada.delete(&format!("/api/v1/tokens/{id}")).await.expect(204));
    scene.assert_ends(&bot, revoke).await;
    scene.ada.get("/api/v1/me").await.expect(200);
}

#[actix_web::test]
async fn another_password_ends_the_other_sessions_and_the_tokens() {
    let scene = scene().await;
    let phone = sign_in(&scene.server.stranger(), "ada").await;
    let (bot, _) = api_token(&scene.ada).await;
    let change = json!({"current_password": PASSWORD, "password": "another horse battery"});
    let wrong = json!({"current_password": "wrong horse battery", "password": "another horse battery"});
    scene.ada.put("/api/v1/me/password", &wrong).await.expect_problem(401, "wrong_credentials");
    bot.put("/api/v1/me/password", &change).await.expect_problem(403, "session_needed");
    scene.assert_ends(&phone, async || drop(scene.ada.put("/api/v1/me/password", &change).await.expect(204))).await;
    bot.get("/api/v1/me").await.expect_problem(401, "token_invalid");
    scene.ada.get("/api/v1/me").await.expect(200);
    let old = json!({"username": "ada", "password": PASSWORD});
    scene.server.stranger().post("/api/v1/session", &old).await.expect_problem(401, "wrong_credentials");
}

#[actix_web::test]
async fn a_password_that_was_reset_at_a_terminal_ends_sessions_and_tokens() {
    let scene = scene().await;
    let (bot, _) = api_token(&scene.ada).await;
    let mut bots = scene.socket(&bot).await;
    let reset =
        async || hubbub(scene.server.data_dir(), &["user", "reset-password", "ada", "--password-memory-kib", "8"]);
    scene.assert_ends(&scene.ada, reset).await;
    assert_eq!(bots.closed().await.code, 4200);
    bot.get("/api/v1/me").await.expect_problem(401, "token_invalid");
}

#[actix_web::test]
async fn whoever_is_deactivated_is_out_at_once_and_cannot_come_back() {
    let scene = scene().await;
    let path = format!("/api/v1/users/{}", scene.ada.id);
    let off = json!({"is_active": false});
    scene.bob.patch(&path, &off).await.expect_problem(403, "administrators_only");
    scene.assert_ends(&scene.ada, async || drop(scene.admin.patch(&path, &off).await.expect(200))).await;
    let request = json!({"username": "ada", "password": PASSWORD});
    scene.server.stranger().post("/api/v1/session", &request).await.expect_problem(401, "wrong_credentials");
    scene.admin.patch(&path, &json!({"is_active": true})).await.expect(200);
    sign_in(&scene.server.stranger(), "ada").await;
    let own = format!("/api/v1/users/{}", scene.admin.id);
    scene.admin.patch(&own, &off).await.expect_problem(409, "last_administrator");
    scene.admin.patch(&own, &json!({"role": "member"})).await.expect_problem(409, "last_administrator");
    scene.admin.patch(&own, &json!({"role": "king"})).await.expect_problem(422, "invalid_role");
}

#[actix_web::test]
async fn a_session_whose_time_is_over_ends_its_sockets() {
    let scene = scene().await;
    let expire = "UPDATE sessions SET expires_at = 1 WHERE user_id = (SELECT id FROM users WHERE username = 'ada')";
    scene.assert_ends(&scene.ada, async || run_sql(scene.server.data_dir(), expire)).await;
}

#[actix_web::test]
async fn a_refresh_token_that_comes_back_from_a_thief_ends_the_sockets_of_both() {
    let scene = scene().await;
    let ada = scene.server.stranger();
    let signed_in = ada.post("/api/v1/session", &json!({"username": "ada", "password": PASSWORD})).await.expect(200);
    let copied = signed_in.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let renewed = ada.post("/api/v1/session/refresh", &json!({})).await.expect(200);
    let ada = ada.with_token(&renewed.string("/access_token"));
    run_sql(scene.server.data_dir(), "UPDATE session_tokens SET replaced_at = replaced_at - 31000000");
    let url = scene.server.url("/api/v1/session/refresh");
    let steal = async || {
        let stolen = Answer::of(reqwest::Client::new().post(url).header("cookie", copied)).await;
        stolen.expect_problem(401, "session_ended");
    };
    scene.assert_ends(&ada, steal).await;
}
