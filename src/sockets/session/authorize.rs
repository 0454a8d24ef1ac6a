//! Whether a subscription or a sign-in is allowed: the application's signature decides, because the socket server has no database of members.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::pusher::{
    App, ChannelKind, ChannelName, PresenceMember, SignInFrame, SignedInUser, SocketId, SubscribeFrame,
    SubscriptionRefusal, signature,
};

/// A verified authorization for a channel.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) channel: ChannelName,
    /// The member it was signed for; always set in presence channels.
    pub(super) member: Option<PresenceMember>,
}

/// The socket that asks.
#[derive(Clone, Copy)]
pub(super) struct AuthContext<'a> {
    pub(super) app: &'a App,
    pub(super) socket_id: SocketId,
    /// Who the socket is signed in as.
    pub(super) user: Option<&'a SignedInUser>,
    /// How long an authorisation that says when it was issued may be used, in seconds.
    pub(super) max_age_secs: u32,
}

/// Allowed clock skew between the application and this server.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5);

/// Checks a subscription's name, signature, age and member.
///
/// # Errors
/// The refusal to send to the client.
pub(super) fn authorise(frame: &SubscribeFrame, context: AuthContext<'_>) -> Result<Grant, SubscriptionRefusal> {
    let channel = ChannelName::parse(&frame.channel)
        .map_err(|invalid| SubscriptionRefusal::invalid_channel(invalid.to_string()))?;
    match channel.kind() {
        ChannelKind::Public => Ok(Grant { channel, member: None }),
        ChannelKind::ServerToUser => authorise_own_channel(channel, context),
        ChannelKind::Private | ChannelKind::PrivateEncrypted | ChannelKind::Presence => {
            authorise_signed(channel, frame, context)
        }
    }
}

/// pusher-js subscribes to its user's channel by itself, without a signature: the sign-in is the authorization.
fn authorise_own_channel(channel: ChannelName, context: AuthContext<'_>) -> Result<Grant, SubscriptionRefusal> {
    match context.user {
        Some(user) if channel.user_id() == Some(user.id.as_str()) => Ok(Grant { channel, member: None }),
        _ => Err(SubscriptionRefusal::unauthorised("The socket is not signed in as this user.")),
    }
}

fn authorise_signed(
    channel: ChannelName,
    frame: &SubscribeFrame,
    context: AuthContext<'_>,
) -> Result<Grant, SubscriptionRefusal> {
    let AuthContext { app, socket_id, .. } = context;
    let data = frame.channel_data.as_deref();
    let auth = frame.auth.as_deref().unwrap_or_default();
    if !signature::verify_channel(&app.key, &app.secret, auth, &socket_id.to_string(), channel.as_str(), data) {
        let error = format!("The signature for {channel} does not fit this socket, channel and channel_data.");
        return Err(SubscriptionRefusal::unauthorised(error));
    }
    let is_presence = channel.kind() == ChannelKind::Presence;
    let member = match (data, context.user) {
        (Some(data), _) if is_presence => Some(parse_member(data, app)?),
        // What a private channel's data says is between the application and its clients; who it names can be revoked.
        (Some(data), _) => PresenceMember::parse(data).ok(),
        (None, Some(user)) if is_presence => Some(user.as_member()),
        (None, None) if is_presence => {
            let error = "A presence channel needs channel_data, or a socket that is signed in.";
            return Err(SubscriptionRefusal::unauthorised(error));
        }
        (None, _) => None,
    };
    if app.is_chat
        && let Some(issued_at) = member.as_ref().and_then(|member| member.issued_at)
    {
        check_age(issued_at, context.max_age_secs)?;
    }
    Ok(Grant { channel, member })
}

fn parse_member(data: &str, app: &App) -> Result<PresenceMember, SubscriptionRefusal> {
    let max_bytes = app.limits.max_presence_member_bytes;
    if data.len() > max_bytes {
        return Err(SubscriptionRefusal::member_too_large(format!(
            "The member has {} bytes; at most {max_bytes} are allowed (HUBBUB_MAX_PRESENCE_MEMBER_BYTES).",
            data.len()
        )));
    }
    PresenceMember::parse(data).map_err(|invalid| SubscriptionRefusal::unauthorised(invalid.to_string()))
}

fn check_age(issued_at: i64, max_age_secs: u32) -> Result<(), SubscriptionRefusal> {
    let issued = UNIX_EPOCH + Duration::from_millis(u64::try_from(issued_at).unwrap_or(0));
    let age = SystemTime::now().duration_since(issued).unwrap_or(Duration::ZERO);
    let ahead = issued.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO);
    if age > Duration::from_secs(max_age_secs.into()) || ahead > MAX_CLOCK_SKEW {
        let error = format!("The authorisation is older than {max_age_secs} seconds (HUBBUB_AUTHORIZATION_SECS).");
        return Err(SubscriptionRefusal::unauthorised(error));
    }
    Ok(())
}

/// Checks a sign-in's signature and user. A signed-in socket may sign in again as the same user only.
///
/// # Errors
/// What is wrong, for the client.
pub(super) fn authorise_user(frame: &SignInFrame, context: AuthContext<'_>) -> Result<SignedInUser, String> {
    let AuthContext { app, socket_id, .. } = context;
    if !signature::verify_user(&app.key, &app.secret, &frame.auth, &socket_id.to_string(), &frame.user_data) {
        return Err("the signature does not fit this socket and user_data".to_owned());
    }
    let user = SignedInUser::parse(&frame.user_data).map_err(|invalid| invalid.to_string())?;
    match context.user {
        Some(current) if current.id != user.id => Err("the socket is signed in as another user".to_owned()),
        _ => Ok(user),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOCKET: SocketId = SocketId { run: 1, number: 2 };

    fn refusal_for(
        channel: &str,
        signed_for: SocketId,
        data: Option<&str>,
        user: Option<&str>,
    ) -> Option<SubscriptionRefusal> {
        let signature = signature::sign_channel("secret", &signed_for.to_string(), channel, data);
        let frame = SubscribeFrame {
            channel: channel.to_owned(),
            auth: Some(format!("key:{signature}")),
            channel_data: data.map(str::to_owned),
        };
        let user = user.map(|id| SignedInUser { id: id.to_owned(), user_info: None, watchlist: Vec::new() });
        let app = App::example();
        let context = AuthContext { app: &app, socket_id: SOCKET, user: user.as_ref(), max_age_secs: 60 };
        authorise(&frame, context).err()
    }

    fn refusal(channel: &str, data: Option<&str>) -> Option<SubscriptionRefusal> {
        refusal_for(channel, SOCKET, data, None)
    }

    fn now_ms() -> u128 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
    }

    #[test]
    fn a_signature_for_another_socket_is_refused() {
        assert_eq!(refusal("private-room.1", None), None);
        let other = SocketId { run: 1, number: 3 };
        let refusal = refusal_for("private-room.1", other, None, None);
        assert_eq!(refusal.map(|refusal| refusal.status), Some(401));
    }

    #[test]
    fn an_authorisation_grows_old_and_does_not_come_from_the_future() {
        let at = |ms: u128| refusal("private-a", Some(&format!(r#"{{"user_id":1,"issued_at":{ms}}}"#)));
        assert_eq!(at(now_ms()), None);
        assert!(at(now_ms() - 61_000).is_some_and(|refusal| refusal.error.contains("HUBBUB_AUTHORIZATION_SECS")));
        assert!(at(now_ms() + 60_000).is_some());
    }

    #[test]
    fn the_data_of_a_private_channel_is_the_applications_own() {
        let app = App { is_chat: false, ..App::example() };
        for data in
            ["", "hello", "[1,2]", "{}", r#"{"user_id":null}"#, r#"{"user_id":1,"issued_at":5}"#, &"x".repeat(5_000)]
        {
            for channel in ["private-a", "private-encrypted-a", "private-cache-a"] {
                let signature = signature::sign_channel("secret", &SOCKET.to_string(), channel, Some(data));
                let auth = Some(format!("key:{signature}"));
                let frame = SubscribeFrame { channel: channel.to_owned(), auth, channel_data: Some(data.to_owned()) };
                let context = AuthContext { app: &app, socket_id: SOCKET, user: None, max_age_secs: 60 };
                assert!(authorise(&frame, context).is_ok(), "{channel} with {data:.20}");
            }
        }
    }

    #[test]
    fn only_the_chats_authorisations_grow_old() {
        let old = r#"{"user_id":1,"issued_at":5}"#;
        let refused = |is_chat| {
            let signature = signature::sign_channel("secret", &SOCKET.to_string(), "presence-a", Some(old));
            let auth = Some(format!("key:{signature}"));
            let frame = SubscribeFrame { channel: "presence-a".to_owned(), auth, channel_data: Some(old.to_owned()) };
            let app = App { is_chat, ..App::example() };
            authorise(&frame, AuthContext { app: &app, socket_id: SOCKET, user: None, max_age_secs: 60 }).is_err()
        };
        assert_eq!([refused(true), refused(false)], [true, false]);
    }

    #[test]
    fn a_presence_channel_needs_a_member_of_bounded_size() {
        assert!(refusal("presence-a", None).is_some());
        assert!(refusal("presence-a", Some("{}")).is_some());
        let large = format!(r#"{{"user_id":1,"user_info":"{}"}}"#, "x".repeat(2_048));
        let refusal = refusal("presence-a", Some(&large)).expect("too large");
        assert!(refusal.error.contains("HUBBUB_MAX_PRESENCE_MEMBER_BYTES"), "{}", refusal.error);
    }

    #[test]
    fn a_socket_that_is_signed_in_needs_no_channel_data_and_has_its_own_channel_alone() {
        assert_eq!(refusal_for("presence-a", SOCKET, None, Some("7")), None);
        assert_eq!(refusal_for("#server-to-user-7", SOCKET, None, Some("7")), None);
        assert!(refusal_for("#server-to-user-8", SOCKET, None, Some("7")).is_some());
        assert!(refusal_for("#server-to-user-7", SOCKET, None, None).is_some());
    }

    #[test]
    fn a_socket_cannot_become_somebody_else() {
        let data = r#"{"id":"7"}"#;
        let auth = format!("key:{}", signature::sign_user("secret", &SOCKET.to_string(), data));
        let frame = SignInFrame { auth, user_data: data.to_owned() };
        let app = App::example();
        let sign_in = |user: Option<&str>| {
            let user = user.map(|id| SignedInUser { id: id.to_owned(), user_info: None, watchlist: Vec::new() });
            let context = AuthContext { app: &app, socket_id: SOCKET, user: user.as_ref(), max_age_secs: 60 };
            authorise_user(&frame, context).map(|user| user.id)
        };
        assert_eq!(sign_in(None), Ok("7".to_owned()));
        assert_eq!(sign_in(Some("7")), Ok("7".to_owned()));
        assert!(sign_in(Some("8")).is_err());
    }
}
