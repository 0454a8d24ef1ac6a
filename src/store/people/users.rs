//! People's accounts.

use diesel::prelude::*;

use crate::domain::{
    EndedCredential, PersonName, Refusal, Role, RoomEvent, SessionId, Timestamp, User, UserId, UserRef, Username,
    name_words, searched_name_words,
};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::users;
use crate::store::rooms::default_rooms::join_default_rooms;
use crate::store::{Store, StoreError, TokenHash};

use super::credentials::end_all_of;
use super::invites::is_valid_invite;
use super::rows::{UserRow, find_user, require_user};

/// Somebody who signs up.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The name to sign in with.
    pub username: Username,
    /// The name that others read.
    pub name: PersonName,
    /// The password's Argon2id hash, in PHC form.
    pub password_hash: String,
    /// What allows the person to sign up.
    pub admission: SignUpPermission,
}

/// What allows a person to sign up. The first person on an instance needs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpPermission {
    /// Everybody may sign up.
    Open,
    /// People with an invitation may; `None` when the person has none.
    Invite(Option<TokenHash>),
}

impl Store {
    /// Whether nobody has signed up.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn is_first_run(&self) -> Result<bool, StoreError> {
        self.read_reserved(|connection| Ok(nobody_signed_up(connection)?)).await
    }

    /// Creates an account, which joins the default rooms; the events say so, and are to be dispatched. The first person on an instance becomes an administrator; that is decided in the
    /// transaction, so only one of two concurrent sign-ups does.
    ///
    /// # Errors
    /// [`Refusal::UsernameTaken`], [`Refusal::SignUpClosed`] when an invitation is needed and missing, unknown or
    /// expired.
    pub async fn create_user(&self, new: NewUser) -> Result<(User, Vec<RoomEvent>), StoreError> {
        self.write(move |connection| sign_up(connection, &new)).await
    }

    /// Refuses somebody who cannot sign up as things are, before anything is done for them. Whether they can is decided by
    /// [`Store::create_user`].
    ///
    /// # Errors
    /// As [`Store::create_user`].
    pub async fn require_sign_up(&self, username: &Username, admission: SignUpPermission) -> Result<(), StoreError> {
        let username = username.to_string();
        self.read_snapshot(move |connection| {
            if !nobody_signed_up(connection)? {
                require_admission(connection, admission)?;
            }
            require_free_name(connection, &username)
        })
        .await
    }

    /// Gives a person another password, and ends their sessions and API tokens.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`].
    pub async fn replace_password(&self, username: &Username, password_hash: String) -> Result<(), StoreError> {
        let username = username.to_string();
        self.write(move |connection| {
            let id = id_of(connection, &username)?;
            diesel::update(users::table.find(id)).set(users::password_hash.eq(&password_hash)).execute(connection)?;
            end_all_of(connection, UserId(id), None)?;
            Ok(())
        })
        .await
    }

    /// Gives a person who is signed in another password, and ends their other sessions and all API tokens, which are
    /// answered.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`].
    pub async fn change_password(
        &self,
        user: UserId,
        password_hash: String,
        session: SessionId,
    ) -> Result<Vec<EndedCredential>, StoreError> {
        self.write(move |connection| {
            require_user(connection, user)?;
            let person = diesel::update(users::table.find(user.0));
            person.set(users::password_hash.eq(&password_hash)).execute(connection)?;
            Ok(end_all_of(connection, user, Some(session))?)
        })
        .await
    }

    /// Makes a person an administrator.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`].
    pub async fn make_administrator(&self, username: &Username) -> Result<(), StoreError> {
        let username = username.to_string();
        self.write(move |connection| {
            let id = id_of(connection, &username)?;
            let person = diesel::update(users::table.find(id));
            person.set(users::role.eq(Role::Administrator.name())).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// The person of that id.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read_reserved(move |connection| find_user(connection, id)).await
    }

    /// The person of that name, and the hash that a password must match; `None` also for somebody who was deactivated.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn credentials(&self, username: &Username) -> Result<Option<(User, String)>, StoreError> {
        let username = username.to_string();
        self.read_reserved(move |connection| {
            let found: Option<(UserRow, String)> = users::table
                .filter(users::username.eq(username).and(users::deactivated_at.is_null()))
                .select((UserRow::as_select(), users::password_hash))
                .first(connection)
                .optional()?;
            found.map(|(user, password_hash)| Ok((User::try_from(user)?, password_hash))).transpose()
        })
        .await
    }

    /// People in whose name or user name every word of `query` is found, in any order and wherever in a word: first
    /// those with a word that begins with the first one, then in the order of their names. All when it is empty, and
    /// none when it has punctuation only.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn find_users(&self, query: &str, limit: i64) -> Result<Vec<User>, StoreError> {
        let words = searched_name_words(query);
        if words.is_empty() && !query.trim().is_empty() {
            return Ok(Vec::new());
        }
        let beginning = format!("% {}%", words.first().map_or("", String::as_str));
        self.read(move |connection| {
            let mut people = users::table
                .filter(users::deactivated_at.is_null())
                .order((users::name_words.like(beginning).desc(), users::folded_name, users::id))
                .limit(limit.max(0))
                .select(UserRow::as_select())
                .into_boxed();
            // Words have letters, digits and marks only, so nothing needs escaping.
            for word in words.iter().take(MAX_NAME_WORDS) {
                people = people.filter(users::name_words.like(format!("%{word}%")));
            }
            let found: Vec<UserRow> = people.load(connection)?;
            found.into_iter().map(User::try_from).collect()
        })
        .await
    }
}

/// Words of a search for people that are looked at: more than a name has.
const MAX_NAME_WORDS: usize = 16;

fn sign_up(connection: &mut DbConnection, new: &NewUser) -> Result<(User, Vec<RoomEvent>), StoreError> {
    let role = if is_first(connection)? { Role::Administrator } else { Role::Member };
    if role != Role::Administrator {
        require_admission(connection, new.admission)?;
    }
    require_free_name(connection, new.username.as_str())?;
    let now = Timestamp::now();
    let id: i64 = diesel::insert_into(users::table)
        .values((
            users::username.eq(new.username.as_str()),
            users::name.eq(new.name.as_str()),
            users::folded_name.eq(new.name.as_str().to_lowercase()),
            users::name_words.eq(name_words(new.name.as_str(), new.username.as_str())),
            users::password_hash.eq(&new.password_hash),
            users::role.eq(role.name()),
            users::created_at.eq(now.0),
        ))
        .returning(users::id)
        .get_result(connection)?;
    let user = User { id: UserId(id), username: new.username.clone(), name: new.name.clone(), role, created_at: now };
    let events = join_default_rooms(connection, &UserRef::from(&user), now)?;
    Ok((user, events))
}

fn require_admission(connection: &mut DbConnection, admission: SignUpPermission) -> Result<(), StoreError> {
    let is_admitted = match admission {
        SignUpPermission::Open => true,
        SignUpPermission::Invite(None) => false,
        SignUpPermission::Invite(Some(code)) => is_valid_invite(connection, code, Timestamp::now())?,
    };
    if is_admitted { Ok(()) } else { Err(StoreError::Refused(Refusal::SignUpClosed)) }
}

fn require_free_name(connection: &mut DbConnection, username: &str) -> Result<(), StoreError> {
    let taken = users::table.filter(users::username.eq(username)).select(users::id);
    match taken.first::<i64>(connection).optional()? {
        Some(_) => Err(StoreError::Refused(Refusal::UsernameTaken)),
        None => Ok(()),
    }
}

/// Whether nobody has signed up, and nobody can until the transaction ends. On Postgres that takes a lock of the table:
/// another process could sign somebody up before the commit.
fn is_first(connection: &mut DbConnection) -> QueryResult<bool> {
    if !nobody_signed_up(connection)? {
        return Ok(false);
    }
    if let DbConnection::Postgres(postgres) = connection {
        diesel::sql_query("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").execute(postgres)?;
    }
    nobody_signed_up(connection)
}

fn nobody_signed_up(connection: &mut DbConnection) -> QueryResult<bool> {
    users::table.select(users::id).first::<i64>(connection).optional().map(|anybody| anybody.is_none())
}

pub(in crate::store) fn id_of(connection: &mut DbConnection, username: &str) -> Result<i64, StoreError> {
    let found = users::table.filter(users::username.eq(username)).select(users::id).first(connection).optional()?;
    found.ok_or(StoreError::Refused(Refusal::UserNotFound))
}
