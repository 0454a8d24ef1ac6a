//! The session of one socket: reads the client's frames and acts on them.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_ws::{AggregatedMessage, CloseCode};
use tokio::task::yield_now;
use tokio::time::timeout;
use tracing::debug;

use crate::broadcast::{Frame, Priority, Socket};
use crate::bus::ChatChannel;
use crate::pusher::{
    App, ChannelKind, ChannelName, ClientEvent, ClientFrame, Code, MAX_EVENT_NAME_CHARS, SignInFrame, SubscribeFrame,
    SubscriptionRefusal, server_frame,
};

use crate::sockets::server::SocketServer;
use crate::sockets::transport::{FrameError, MessageReader};

use super::authorize::{AuthContext, Grant, authorise, authorise_user};
use super::rate::{EventRate, SubscriptionRate};

/// How long a client may take to answer a close frame before the connection is cut.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A connected client.
pub(in crate::sockets) struct SocketSession {
    server: SocketServer,
    socket: Rc<Socket>,
    client_events: EventRate,
    subscriptions: SubscriptionRate,
}

impl SocketSession {
    pub(in crate::sockets) fn new(server: SocketServer, socket: Rc<Socket>) -> Self {
        Self { server, socket, client_events: EventRate::new(), subscriptions: SubscriptionRate::new() }
    }
}

/// Runs a session: sends `pusher:connection_established`, reads until either side closes, and cleans up.
pub(in crate::sockets) async fn run(mut session: SocketSession, mut messages: impl MessageReader) {
    debug!(socket_id = %session.socket.id(), "a socket connected");
    session.send_established();
    session.listen(&mut messages).await;
    session.server.hub().remove_socket(&session.socket);
    drain(messages).await;
    debug!(socket_id = %session.socket.id(), "a socket disconnected");
}

impl SocketSession {
    fn send_established(&self) {
        let timeout_secs = self.server.config().activity_timeout_secs;
        self.socket.send_text(&server_frame::connection_established(self.socket.id(), timeout_secs));
    }

    async fn listen(&mut self, messages: &mut impl MessageReader) {
        while !self.socket.is_closing() {
            let message = tokio::select! {
                message = messages.recv() => message,
                () = self.socket.closing() => return,
            };
            match message {
                Some(Ok(AggregatedMessage::Text(text))) => {
                    // Boxed, so that an idle socket does not hold memory for this future.
                    Box::pin(self.handle_frame(&text)).await;
                    // Whoever sends a lot at once is answered as it comes: without this the answers would fill the
                    // send_queue before the writer has its turn.
                    yield_now().await;
                }
                Some(Ok(AggregatedMessage::Ping(payload))) => {
                    // A socket that is full closes itself in `send`.
                    let _ = self.socket.send(&Frame::pong(&payload), Priority::Required);
                }
                Some(Ok(AggregatedMessage::Pong(_))) => {}
                Some(Ok(AggregatedMessage::Binary(_))) => {
                    self.socket.close_with(CloseCode::Unsupported.into(), "the protocol has no binary frames");
                }
                Some(Ok(AggregatedMessage::Close(reason))) => {
                    let code = reason.map_or(CloseCode::Normal, |reason| reason.code);
                    self.socket.close_with(code.into(), "");
                }
                Some(Err(error)) => self.close_with_error(error),
                None => return,
            }
        }
    }

    /// Handles one frame. An invalid one is answered with `pusher:error` and changes nothing.
    async fn handle_frame(&mut self, text: &str) {
        let Some(app) = self.server.apps().by_id(self.socket.app()) else {
            return self.socket.refuse(Code::AppDisabled, "the app was removed");
        };
        match ClientFrame::parse(text) {
            Ok(ClientFrame::Subscribe(frame)) => self.subscribe(&frame, &app).await,
            Ok(ClientFrame::Unsubscribe(channel)) => self.unsubscribe(&channel, &app),
            Ok(ClientFrame::SignIn(frame)) => self.sign_in(&frame, &app).await,
            Ok(ClientFrame::Ping) => self.socket.send_text(&server_frame::pong()),
            Ok(ClientFrame::Pong) => {}
            Ok(ClientFrame::ClientEvent(event)) => self.relay(&event, &app).await,
            Err(invalid) => self.socket.send_text(&server_frame::error(Code::Reconnect, &invalid.to_string())),
        }
    }

    async fn subscribe(&mut self, frame: &SubscribeFrame, app: &App) {
        let is_in_time = self.take_subscription(app);
        let user = self.socket.user();
        let context = AuthContext {
            app,
            socket_id: self.socket.id(),
            user: user.as_deref(),
            max_age_secs: self.server.config().authorization_secs,
        };
        let granted = match is_in_time {
            true => authorise(frame, context).and_then(|grant| self.require_room_for(grant, app)),
            false => Err(SubscriptionRefusal::too_many_joins(app.limits.subscriptions_per_second)),
        };
        match granted {
            Ok(grant) => self.server.hub().subscribe(&self.socket, grant.channel, grant.member).await,
            Err(refusal) => {
                self.server.hub().note_refusal(&self.socket, &frame.channel, &refusal);
                self.socket.send_text(&server_frame::subscription_error(&frame.channel, &refusal));
            }
        }
    }

    /// Counts a join or a leave; false when it is one too many.
    fn take_subscription(&mut self, app: &App) -> bool {
        let limits = &app.limits;
        self.subscriptions.allow(limits.subscriptions_per_second, limits.max_channels_per_socket, Instant::now())
    }

    fn require_room_for(&self, grant: Grant, app: &App) -> Result<Grant, SubscriptionRefusal> {
        let max_channels = app.limits.max_channels_per_socket;
        if self.socket.channel_count() < max_channels || self.socket.is_in(&grant.channel) {
            return Ok(grant);
        }
        let error = format!("A socket joins at most {max_channels} channels (HUBBUB_MAX_CHANNELS_PER_SOCKET).");
        Err(SubscriptionRefusal::limit_reached("too_many_channels", error))
    }

    fn unsubscribe(&mut self, channel: &str, app: &App) {
        // Nobody is kept in a channel, but leaving counts: whoever joins and leaves all the time makes work for all others.
        let _ = self.take_subscription(app); // A leave that is one too many happens all the same.
        // A user's own channel is left by disconnecting: a socket cannot be signed in and not reached.
        if let Ok(channel) = ChannelName::parse(channel)
            && channel.kind() != ChannelKind::ServerToUser
        {
            self.server.hub().unsubscribe(&self.socket, &self.socket.key_of(channel));
        }
    }

    async fn sign_in(&self, frame: &SignInFrame, app: &App) {
        let current = self.socket.user();
        let (socket_id, max_age_secs) = (self.socket.id(), self.server.config().authorization_secs);
        let context = AuthContext { app, socket_id, user: current.as_deref(), max_age_secs };
        let mut user = match authorise_user(frame, context) {
            Ok(user) => user,
            Err(message) => {
                self.server.hub().note_refused_sign_in(&self.socket, &message);
                return self.socket.refuse(Code::Unauthorised, &message);
            }
        };
        let max_watched = app.limits.max_watchlist;
        if user.watchlist.len() > max_watched {
            user.watchlist.truncate(max_watched);
            let message = format!("a watchlist has at most {max_watched} users (HUBBUB_MAX_WATCHLIST)");
            self.socket.send_text(&server_frame::error(Code::WatchlistTooLong, &message));
        }
        let success = server_frame::signin_success(&frame.user_data);
        match ChannelName::of_user(&user.id) {
            Ok(channel) if current.is_none() => {
                self.server.hub().sign_in(&self.socket, channel, user, Frame::text(&success)).await;
            }
            Ok(_) => self.socket.send_text(&success),
            Err(invalid) => self.socket.refuse(Code::Unauthorised, &invalid.to_string()),
        }
    }

    /// The second flow: a client's event goes to the others of its channel, and nowhere else.
    async fn relay(&mut self, event: &ClientEvent, app: &Arc<App>) {
        match self.check_client_event(event, app) {
            Ok(channel) => {
                let hub = self.server.hub();
                hub.send_client_event(app, &self.socket, &event.event, channel, event.data.as_deref()).await;
            }
            Err(message) => self.socket.send_text(&server_frame::error(Code::ClientEventRefused, &message)),
        }
    }

    fn check_client_event(&mut self, event: &ClientEvent, app: &App) -> Result<ChannelName, String> {
        if !app.has_client_events {
            return Err("client events are disabled for this app".to_owned());
        }
        let channel = ChannelName::parse(&event.channel).map_err(|invalid| invalid.to_string())?;
        match channel.kind() {
            ChannelKind::Private | ChannelKind::Presence if self.socket.is_in(&channel) => {}
            ChannelKind::Private | ChannelKind::Presence => {
                return Err(format!(
                    "the socket has not joined {channel}: client events are for a channel's subscribers"
                ));
            }
            ChannelKind::PrivateEncrypted => {
                return Err(
                    "client events are not possible on encrypted channels: they would not be encrypted".to_owned()
                );
            }
            ChannelKind::Public | ChannelKind::ServerToUser => {
                return Err("client events need a private or presence channel".to_owned());
            }
        }
        if app.is_chat
            && let Some(chat_channel) = ChatChannel::from_name(channel.as_str())
            && !chat_channel.client_events().contains(&event.event.as_str())
        {
            return Err(format!("the channel takes these client events only: {:?}", chat_channel.client_events()));
        }
        if event.event.chars().count() > MAX_EVENT_NAME_CHARS {
            return Err(format!("an event's name has at most {MAX_EVENT_NAME_CHARS} characters"));
        }
        let data_bytes = event.data.as_ref().map_or(0, String::len);
        let max_bytes = app.limits.max_event_data_bytes;
        if data_bytes > max_bytes {
            return Err(format!(
                "the event's data has {data_bytes} bytes; at most {max_bytes} are allowed (HUBBUB_MAX_EVENT_DATA_BYTES)"
            ));
        }
        let per_second = app.limits.client_events_per_second;
        if !self.client_events.allow(per_second, Instant::now()) {
            return Err(format!("more than {per_second} client events in a second (HUBBUB_CLIENT_EVENTS_PER_SECOND)"));
        }
        Ok(channel)
    }

    /// Closes after an invalid frame, with the close code of RFC 6455, section 7.4.1.
    fn close_with_error(&self, error: FrameError) {
        let code = match error {
            FrameError::Protocol => CloseCode::Protocol,
            FrameError::TooLarge => CloseCode::Size,
            FrameError::Invalid => CloseCode::Invalid,
        };
        self.socket.close_with(code.into(), &error.to_string());
    }
}

/// Waits for the client to end the connection after the close frame; shuts it down when that takes too long.
pub(in crate::sockets) async fn drain(mut messages: impl MessageReader) {
    let ended = async { while let Some(Ok(_)) = messages.recv().await {} };
    if timeout(CLOSE_TIMEOUT, ended).await.is_err() {
        messages.cut();
    }
}
