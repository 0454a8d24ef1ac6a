//! Whether a subscription is allowed: the application's signature decides, for this server knows no members.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::config::SocketConfig;
use crate::pusher::{ChannelKind, ChannelName, Member, SocketId, SubscribeFrame, SubscriptionRefusal, signature};

use super::App;

/// A verified right to a channel.
#[derive(Debug)]
pub(super) struct Right {
    pub(super) channel: ChannelName,
    /// Whom it was signed for; always known in presence channels.
    pub(super) member: Option<Member>,
}

/// How far the clocks of the application and of this server may differ.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5);

/// Checks a subscription's name, signature, age and member.
///
/// # Errors
/// The refusal to send to the client.
pub(super) fn authorise(
    frame: &SubscribeFrame,
    socket_id: SocketId,
    app: &App,
    config: &SocketConfig,
) -> Result<Right, SubscriptionRefusal> {
    let channel = ChannelName::parse(&frame.channel)
        .map_err(|invalid| SubscriptionRefusal::invalid_channel(invalid.to_string()))?;
    let kind = channel.kind();
    if !kind.needs_authorisation() {
        return Ok(Right { channel, member: None });
    }
    let data = frame.channel_data.as_deref();
    let auth = frame.auth.as_deref().unwrap_or_default();
    if !signature::verify_channel(&app.key, app.secret.expose(), auth, &socket_id.to_string(), channel.as_str(), data) {
        let error = format!("The signature for {channel} does not fit this socket, channel and channel_data.");
        return Err(SubscriptionRefusal::unauthorised(error));
    }
    let member = match data {
        Some(data) => Some(parse_member(data, kind, config)?),
        None if kind == ChannelKind::Presence => {
            return Err(SubscriptionRefusal::unauthorised("A presence channel needs channel_data."));
        }
        None => None,
    };
    if let Some(issued_at) = member.as_ref().and_then(|member| member.issued_at) {
        check_age(issued_at, config.authorization_secs)?;
    }
    Ok(Right { channel, member })
}

fn parse_member(data: &str, kind: ChannelKind, config: &SocketConfig) -> Result<Member, SubscriptionRefusal> {
    let max_bytes = config.max_presence_member_bytes;
    if kind == ChannelKind::Presence && data.len() > max_bytes {
        return Err(SubscriptionRefusal::member_too_large(format!(
            "The member has {} bytes; at most {max_bytes} are allowed (HUBBUB_MAX_PRESENCE_MEMBER_BYTES).",
            data.len()
        )));
    }
    Member::parse(data).map_err(|invalid| SubscriptionRefusal::unauthorised(invalid.to_string()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ServeConfig;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        serve: ServeConfig,
    }

    const SOCKET: SocketId = SocketId { run: 1, number: 2 };

    fn refusal(channel: &str, signed_for: SocketId, data: Option<&str>) -> Option<SubscriptionRefusal> {
        let config = Cli::parse_from(["hubbub"]).serve.socket;
        let app = App { id: "1".to_owned(), key: "key".to_owned(), secret: "secret".to_owned().into() };
        let signature = signature::sign_channel("secret", &signed_for.to_string(), channel, data);
        let frame = SubscribeFrame {
            channel: channel.to_owned(),
            auth: Some(format!("key:{signature}")),
            channel_data: data.map(str::to_owned),
        };
        authorise(&frame, SOCKET, &app, &config).err()
    }

    fn now_ms() -> u128 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
    }

    #[test]
    fn a_signature_for_another_socket_is_refused() {
        assert_eq!(refusal("private-room.1", SOCKET, None), None);
        let other = SocketId { run: 1, number: 3 };
        assert_eq!(refusal("private-room.1", other, None).map(|refusal| refusal.status), Some(401));
    }

    #[test]
    fn an_authorisation_grows_old_and_does_not_come_from_the_future() {
        let at = |ms: u128| refusal("private-a", SOCKET, Some(&format!(r#"{{"user_id":1,"issued_at":{ms}}}"#)));
        assert_eq!(at(now_ms()), None);
        assert!(at(now_ms() - 61_000).is_some_and(|refusal| refusal.error.contains("HUBBUB_AUTHORIZATION_SECS")));
        assert!(at(now_ms() + 60_000).is_some());
    }

    #[test]
    fn a_presence_channel_needs_a_member_of_bounded_size() {
        assert!(refusal("presence-a", SOCKET, None).is_some());
        assert!(refusal("presence-a", SOCKET, Some("{}")).is_some());
        let large = format!(r#"{{"user_id":1,"user_info":"{}"}}"#, "x".repeat(2_048));
        let refusal = refusal("presence-a", SOCKET, Some(&large)).expect("too large");
        assert!(refusal.error.contains("HUBBUB_MAX_PRESENCE_MEMBER_BYTES"), "{}", refusal.error);
    }
}
