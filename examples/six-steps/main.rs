//! A whole chat in one file: a message is posted over HTTP, stored, dispatched as an event, and broadcast to WebSockets.
//! Read it from top to bottom. `README.md` beside it says which folder of Hubbub each part grew into, and why.
//!
//! ```sh
//! cargo run --example six-steps          # then open http://127.0.0.1:8090 in two windows, and paste this:
//! TOKEN=$(curl -s http://127.0.0.1:8090/tokens -d Ada)
//! curl http://127.0.0.1:8090/messages -H "Authorization: Bearer $TOKEN" --json '{"text":"Hello from curl"}'
//! ```

use std::fmt::Display;
use std::future::{Ready, ready};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Payload, Server};
use actix_web::error::{ErrorServiceUnavailable, ErrorUnauthorized, ErrorUnprocessableEntity};
use actix_web::{App, Error, FromRequest, HttpRequest, HttpResponse, HttpServer, Result, http, rt, web};
use actix_ws::{MessageStream, Session};
use bytestring::ByteString;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode, get_current_timestamp};
use schema::messages;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

mod schema {
    diesel::table! { messages (id) { id -> BigInt, author -> Text, text -> Text, } }
}
type Database = ConnectionManager<SqliteConnection>;

/// A stored message; on the wire `{"id":1,"author":"Ada","text":"Hello"}`.
#[derive(Clone, Serialize, Queryable)]
struct Message {
    id: i64,
    author: String,
    text: String,
}

/// What has happened; on the wire `{"event":"message.posted","data":{…}}`.
#[derive(Serialize)]
#[serde(tag = "event", content = "data")]
enum Event {
    #[serde(rename = "message.posted")]
    MessagePosted(Message),
}

/// What the request handlers share.
struct Chat {
    database: Pool<Database>,
    broadcaster: Sender<Input>,
    /// Signs the tokens. It is new at each start, so a token is good until the server stops.
    secret: [u8; 32],
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let any_port = (Ipv4Addr::LOCALHOST, 0);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 8090)).or_else(|_| TcpListener::bind(any_port))?;
    println!("Open http://{} in two windows. Ctrl-C stops the server.", listener.local_addr()?);
    start(listener, "six-steps.db")?.await
}

/// Starts the server. Await it to serve until it is stopped.
pub(crate) fn start(listener: TcpListener, database: &str) -> io::Result<Server> {
    // SQLite has one writer at a time. With one connection, requests wait for each other here.
    let pool = Pool::builder().max_size(1).connection_timeout(Duration::from_secs(5));
    let database = pool.build(Database::new(database)).map_err(io::Error::other)?;
    let sql = "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS messages \
               (id INTEGER PRIMARY KEY, author TEXT NOT NULL, text TEXT NOT NULL)";
    database.get().map_err(io::Error::other)?.batch_execute(sql).map_err(io::Error::other)?;

    // A bounded queue: when it is full, a post waits for the broadcaster, which itself waits for nobody.
    let (sender, inputs) = channel(1_000);
    rt::spawn(broadcast(inputs)); // it ends with the server, which holds the other end of the queue
    let chat = web::Data::new(Chat { database, broadcaster: sender, secret: rand::random() });
    let app = move || {
        App::new()
            .app_data(chat.clone())
            .route("/", web::get().to(show_page))
            .route("/tokens", web::post().to(create_token))
            .route("/messages", web::post().to(post_message))
            .route("/messages", web::get().to(list_messages))
            .route("/socket", web::get().to(connect))
    };
    Ok(HttpServer::new(app).max_connections(1_000).shutdown_timeout(1).listen(listener)?.run())
}

async fn show_page() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(include_str!("page.html"))
}

/// Step 1. When a user sends a message, the client makes an HTTP POST request to the web server. The payload of the
/// request contains the message content. (The client is `page.html`, or curl.)
#[derive(Deserialize)]
struct PostMessageRequest {
    text: String,
}

/// Step 2. The web server routes the request to the application, which processes the request. This includes storing the
/// message in the database.
async fn post_message(
    chat: web::Data<Chat>,
    Author(author): Author,
    web::Json(request): web::Json<PostMessageRequest>,
) -> Result<HttpResponse> {
    let text = checked(&request.text, 2_000, "A message has 1 to 2000 characters.")?;
    let row = (messages::author.eq(author), messages::text.eq(text));
    let insert = |db: &mut SqliteConnection| diesel::insert_into(messages::table).values(row).get_result(db);
    let message: Message = chat.in_database(insert).await?;

    // Step 3. After storing the message, the application dispatches an event to signify that a new message has been
    // created. Only after: a message that could not be stored must not be seen by anybody.
    let event = Event::MessagePosted(message.clone());
    if chat.broadcaster.send(Input::Event(event)).await.is_err() {
        eprintln!("message {} was stored and not broadcast: the broadcaster has stopped", message.id);
    }

    // Steps 4 and 5 happen meanwhile: see `broadcast`, and `socket.onmessage` in the page.
    // Step 6. The original HTTP request from step 1 is responded to, indicating success to the client that sent the
    // message. An error returned above is the other answer: it indicates failure.
    Ok(HttpResponse::Created().json(message))
}

/// Step 4. The WebSocket server is listening for this event. When it hears the event, it broadcasts a message to all
/// connected clients with the details of the new message.
async fn broadcast(mut inputs: Receiver<Input>) {
    let mut sockets: Vec<Sender<ByteString>> = Vec::new();
    while let Some(input) = inputs.recv().await {
        match input {
            Input::Connected(socket) => {
                sockets.retain(|socket| !socket.is_closed());
                sockets.push(socket);
            }
            Input::Event(event) => {
                // The text is made once for all sockets. A socket whose queue is full is left out from here on: waiting
                // for it would delay all others. Its client connects again, and reads what it has missed.
                let text = ByteString::from(serde_json::json!(event).to_string());
                sockets.retain(|socket| socket.try_send(text.clone()).is_ok());
            }
        }
    }
}

/// What the broadcaster hears of: a client that has connected, by its socket's queue, and an event.
enum Input {
    Connected(Sender<ByteString>),
    Event(Event),
}

/// Step 5. The clients receive this message over their WebSocket connections. (They handle it in `page.html`.)
async fn send_to_client(mut queue: Receiver<ByteString>, mut session: Session, mut stream: MessageStream) {
    let patience = Duration::from_secs(10);
    loop {
        let sent = tokio::select! {
            text = queue.recv() => match text {
                Some(text) => timeout(patience, session.text(text)).await,
                None => break, // the broadcaster has given this socket up, or has stopped
            },
            message = stream.recv() => match message {
                Some(Ok(actix_ws::Message::Ping(bytes))) => timeout(patience, session.pong(&bytes)).await,
                Some(Ok(actix_ws::Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => continue, // a client has nothing to say here: it posts over HTTP
            },
        };
        if !matches!(sent, Ok(Ok(()))) {
            break;
        }
    }
    let _ = timeout(patience, session.close(None)).await; // an error says that it is closed already
}

/// `GET /socket?token=…`: turns the request into a WebSocket. The broadcaster knows the socket before its client is
/// answered, so a client that reads the messages after that answer misses none.
async fn connect(chat: web::Data<Chat>, _: Author, request: HttpRequest, body: web::Payload) -> Result<HttpResponse> {
    let (response, session, stream) = actix_ws::handle(&request, body)?;
    let (socket, queue) = channel(64);
    chat.broadcaster.send(Input::Connected(socket)).await.map_err(unavailable)?;
    rt::spawn(send_to_client(queue, session, stream));
    Ok(response)
}

/// `GET /messages`: the newest hundred, oldest first. What a broadcast has lost is found here.
async fn list_messages(chat: web::Data<Chat>, _: Author) -> Result<web::Json<Vec<Message>>> {
    let newest = |db: &mut SqliteConnection| messages::table.order(messages::id.desc()).limit(100).load(db);
    let mut newest: Vec<Message> = chat.in_database(newest).await?;
    newest.reverse();
    Ok(web::Json(newest))
}

impl Chat {
    /// Runs `work` on a thread for blocking calls: Diesel waits for the disk, and a worker that waits serves nobody.
    async fn in_database<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T> {
        let pool = self.database.clone();
        let answer = move || -> Result<T, Box<dyn std::error::Error + Send + Sync>> { Ok(work(&mut *pool.get()?)?) };
        web::block(answer).await.map_err(unavailable)?.map_err(unavailable)
    }
}

/// What a token says: who, and until when.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
}

/// `POST /tokens`: a token for whoever gives a name. A real program asks for a password here.
async fn create_token(chat: web::Data<Chat>, name: String) -> Result<String> {
    let sub = checked(&name, 40, "A name has 1 to 40 characters.")?;
    let claims = Claims { sub, exp: get_current_timestamp() + 24 * 60 * 60 };
    encode(&Header::default(), &claims, &EncodingKey::from_secret(&chat.secret)).map_err(unavailable)
}

/// Who sends a request, as their token says: in the header `Authorization: Bearer …`, or in the query `?token=…`, because
/// a browser cannot set a header for a WebSocket.
struct Author(String);

impl FromRequest for Author {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let header = header.and_then(|value| value.strip_prefix("Bearer "));
        let token = header.or_else(|| request.query_string().strip_prefix("token=")).unwrap_or_default();
        let secret = request.app_data::<web::Data<Chat>>().map(|chat| DecodingKey::from_secret(&chat.secret));
        let claims = secret.and_then(|key| decode::<Claims>(token, &key, &Validation::default()).ok());
        let author = claims.map(|token| Self(token.claims.sub));
        ready(author.ok_or_else(|| ErrorUnauthorized("A token is needed: POST /tokens makes one.")))
    }
}

/// `text` without the space around it, if 1 to `max` characters are left.
fn checked(text: &str, max: usize, otherwise: &'static str) -> Result<String> {
    let text = text.trim();
    let is_valid = (1..=max).contains(&text.chars().count());
    if is_valid { Ok(text.to_owned()) } else { Err(ErrorUnprocessableEntity(otherwise)) }
}

/// The answer to a request that failed for the server's own reason. The reason is for the log, not for the client.
fn unavailable(error: impl Display) -> Error {
    eprintln!("a request failed: {error}");
    ErrorServiceUnavailable("Try again in a moment.")
}
