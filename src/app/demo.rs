//! The demo: two people, two rooms and a few messages, so that a visitor has something to look at.

use crate::auth::{OpaqueToken, Passwords, TokenPurpose};
use crate::domain::{
    Limits, MessageBody, MessageDraft, Password, PersonName, Refusal, RoomId, RoomKind, RoomName, RoomTopic,
};
use crate::domain::{User, UserId, Username};
use crate::http::DemoPerson;
use crate::store::{NewRoom, NewUser, RoomFilter, SignUpPermission, Store, StoreError, TokenHash};

use super::start_error::StartError;

/// Everybody may know it: the demo listens on a loopback address only.
const PASSWORD: &str = "hubbub-demo";
const PEOPLE: [(&str, &str); 2] = [("ada", "Ada Lovelace"), ("grace", "Grace Hopper")];
const TOKEN_NAME: &str = "The demo's curl line";

const LOBBY: [(usize, &str); 4] = [
    (
        0,
        "Welcome to **Hubbub**. Everything you see here went the same way: a POST, a row in the database, an event, a \
         broadcast, and your page.",
    ),
    (1, "Open a second window, enter as the other one of us, and write. Nobody has to refresh."),
    (
        0,
        "From a terminal it is one line. The server prints it at the start, with a token that works:\n\n\
         ```sh\ncurl -H \"Authorization: Bearer $TOKEN\" -d 'hello' $URL/api/v1/rooms/1/messages\n```",
    ),
    (1, "And when you wonder *how* a message got here, open it and choose **How did this get here?**"),
];
const WORKSHOP: [(usize, &str); 2] = [
    (
        1,
        "| step | where |\n|---|---|\n| 2 store | `store/` |\n| 3 dispatch | `bus/dispatch.rs` |\n| 4 broadcast | \
         `broadcast/` |",
    ),
    (
        0,
        "The Analytical Engine has no pretensions whatever to *originate* anything. It can do whatever we know how to \
         order it to perform.",
    ),
];

/// The demo's people, and the token of its curl line.
#[derive(Debug)]
pub struct Demo {
    token: OpaqueToken,
    lobby: RoomId,
}

impl Demo {
    /// Creates users, rooms and messages on the first start, and a new token on each start. The database has its mark by
    /// then, so that no other server than a demo ever uses it.
    pub(super) async fn prepare(store: &Store, passwords: &Passwords, limits: &Limits) -> Result<Self, StartError> {
        if store.is_first_run().await? {
            seed(store, passwords, limits).await?;
        }
        let (username, _) = PEOPLE[0];
        let (ada, _) =
            store.credentials(&Username::parse(username)?).await?.ok_or(StoreError::Refused(Refusal::UserNotFound))?;
        let rooms = store.rooms(ada.id, RoomFilter::default()).await?;
        let lobby = rooms.iter().map(|view| view.room.id).min().ok_or(StoreError::Refused(Refusal::RoomNotFound))?;
        Ok(Self { token: new_token(store, ada.id).await?, lobby })
    }

    /// The users that a visitor may sign in as.
    #[must_use]
    pub fn people(&self) -> Vec<DemoPerson> {
        let person = |(username, name): (&str, &str)| DemoPerson {
            username: username.to_owned(),
            name: name.to_owned(),
            password: PASSWORD.to_owned(),
        };
        PEOPLE.into_iter().map(person).collect()
    }

    /// A command that posts a message, to be pasted into a terminal.
    #[must_use]
    pub fn curl_line(&self, url: &str) -> String {
        let (token, lobby) = (self.token.expose(), self.lobby);
        format!("curl -H 'Authorization: Bearer {token}' -d 'Hello from curl' {url}/api/v1/rooms/{lobby}/messages")
    }
}

/// Creates a token for this run, and deletes that of the last run.
async fn new_token(store: &Store, user_id: UserId) -> Result<OpaqueToken, StoreError> {
    for token in store.api_tokens(user_id).await? {
        if token.name == TOKEN_NAME {
            store.delete_api_token(user_id, token.id).await?;
        }
    }
    let token = OpaqueToken::generate(TokenPurpose::Api);
    store.create_api_token(user_id, TOKEN_NAME.to_owned(), TokenHash(token.digest())).await?;
    Ok(token)
}

async fn seed(store: &Store, passwords: &Passwords, limits: &Limits) -> Result<(), StartError> {
    let mut people = Vec::new();
    for (username, name) in PEOPLE {
        people.push(sign_up(store, passwords, limits, username, name).await?);
    }
    let rooms = [
        ("Lobby", "Everybody meets here", RoomKind::Open, LOBBY.as_slice()),
        ("Workshop", "How it works inside", RoomKind::Closed, WORKSHOP.as_slice()),
    ];
    for (name, topic, kind, messages) in rooms {
        let new = NewRoom {
            name: RoomName::parse(name, limits)?,
            kind,
            topic: RoomTopic::parse(topic, limits)?,
            member_ids: vec![people[1].id],
        };
        let (view, _) = store.create_room(people[0].id, new).await?;
        for (author, text) in messages {
            let draft = MessageDraft {
                body: MessageBody::parse(text, limits)?,
                client_id: None,
                file_ids: Vec::new(),
                reply_to: None,
            };
            store.post_message(people[*author].id, view.room.id, draft).await?;
        }
    }
    Ok(())
}

async fn sign_up(
    store: &Store,
    passwords: &Passwords,
    limits: &Limits,
    username: &str,
    name: &str,
) -> Result<User, StartError> {
    let password_hash = passwords.hash(Password::parse_new(PASSWORD, limits)?).await?;
    let (username, name) = (Username::parse(username)?, PersonName::parse(name, limits)?);
    let new = NewUser { username, name, password_hash, admission: SignUpPermission::Open };
    Ok(store.create_user(new).await?.0)
}
