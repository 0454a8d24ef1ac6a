//! A socket's life: what a client sends, and what is done about it.

use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, ProtocolError};
use serde_json::value::RawValue;
use tokio::time::timeout;
use tracing::debug;

use crate::broadcast::{Frame, Importance, Socket};
use crate::pusher::{ChannelName, ClientEvent, ClientFrame, Code, server_frame};

use super::meter::Meter;
use super::rate::EventRate;
use super::subscribe::authorise;
use super::{Descriptor, SocketServer};

/// How long a client may take to answer a close frame before the connection is cut.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// The protocol's limit on an event's name, in characters.
const MAX_EVENT_NAME_CHARS: usize = 200;

/// One client and the socket server.
pub(super) struct Conversation {
    server: SocketServer,
    socket: Rc<Socket>,
    meter: Meter,
    descriptor: Option<Descriptor>,
    client_events: EventRate,
}

impl Conversation {
    pub(super) fn new(server: SocketServer, socket: Rc<Socket>, meter: Meter, descriptor: Option<Descriptor>) -> Self {
        let client_events = EventRate::new(server.config().client_events_per_second);
        Self { server, socket, meter, descriptor, client_events }
    }
}

/// Holds the conversation to its end: greets, listens until either side closes, and cleans up.
pub(super) async fn run(mut conversation: Conversation, mut messages: AggregatedMessageStream) {
    if !conversation.socket.is_closing() {
        conversation.greet();
    }
    conversation.listen(&mut messages).await;
    conversation.server.hub().remove_socket(&conversation.socket);
    conversation.see_off(&mut messages).await;
    debug!(socket_id = %conversation.socket.id(), "a socket disconnected");
}

impl Conversation {
    fn greet(&self) {
        let timeout_secs = self.server.config().activity_timeout_secs;
        self.socket.send_text(&server_frame::connection_established(self.socket.id(), timeout_secs));
    }

    async fn listen(&mut self, messages: &mut AggregatedMessageStream) {
        while !self.socket.is_closing() {
            let message = tokio::select! {
                message = messages.recv() => message,
                () = self.socket.closing() => return,
            };
            self.meter.reset();
            self.socket.heard();
            match message {
                Some(Ok(AggregatedMessage::Text(text))) => self.hear(&text).await,
                Some(Ok(AggregatedMessage::Ping(payload))) => {
                    // A socket that is full closes itself in `send`.
                    let _ = self.socket.send(&Frame::pong(&payload), Importance::Event);
                }
                Some(Ok(AggregatedMessage::Pong(_))) => {}
                Some(Ok(AggregatedMessage::Binary(_))) => {
                    self.socket.close_with(CloseCode::Unsupported.into(), "the protocol has no binary frames");
                }
                Some(Ok(AggregatedMessage::Close(reason))) => {
                    let code = reason.map_or(CloseCode::Normal, |reason| reason.code);
                    self.socket.close_with(code.into(), "");
                }
                Some(Err(error)) => self.give_up(&error),
                None => return,
            }
        }
    }

    /// Acts on one frame. What it cannot understand is answered with an error and changes nothing.
    async fn hear(&mut self, text: &str) {
        match ClientFrame::parse(text) {
            Ok(ClientFrame::Subscribe(frame)) => {
                match authorise(&frame, self.socket.id(), self.server.app(), self.server.config()) {
                    Ok(right) if !self.has_room_for(&right.channel) => self.refuse_another_channel(&right.channel),
                    Ok(right) => self.server.hub().subscribe(&self.socket, right.channel, right.member).await,
                    Err(refusal) => {
                        self.socket.send_text(&server_frame::subscription_error(&frame.channel, &refusal));
                    }
                }
            }
            Ok(ClientFrame::Unsubscribe(channel)) => {
                if let Ok(channel) = ChannelName::parse(&channel) {
                    self.server.hub().unsubscribe(&self.socket, &channel);
                }
            }
            Ok(ClientFrame::Ping) => self.socket.send_text(&server_frame::pong()),
            Ok(ClientFrame::Pong) => {}
            Ok(ClientFrame::ClientEvent(event)) => self.relay(&event).await,
            Err(invalid) => self.socket.send_text(&server_frame::error(Code::Reconnect, &invalid.to_string())),
        }
    }

    /// The second flow: a client's event goes to the others of its channel, and nowhere else.
    async fn relay(&mut self, event: &ClientEvent) {
        match self.check_client_event(event) {
            Ok(channel) => {
                let data: Option<&RawValue> = event.data.as_deref();
                self.server.hub().send_client_event(&self.socket, &event.event, channel, data).await;
            }
            Err(message) => self.socket.send_text(&server_frame::error(Code::ClientEventRefused, &message)),
        }
    }

    fn check_client_event(&mut self, event: &ClientEvent) -> Result<ChannelName, String> {
        let config = self.server.config();
        let channel = ChannelName::parse(&event.channel).map_err(|invalid| invalid.to_string())?;
        if !channel.kind().carries_client_events() || !self.socket.is_in(&channel) {
            return Err("client events need a private or presence channel that the socket has joined".to_owned());
        }
        if event.event.chars().count() > MAX_EVENT_NAME_CHARS {
            return Err(format!("an event's name has at most {MAX_EVENT_NAME_CHARS} characters"));
        }
        let data_bytes = event.data.as_ref().map_or(0, |data| data.get().len());
        if data_bytes > config.max_event_data_bytes {
            let max_bytes = config.max_event_data_bytes;
            return Err(format!(
                "the event's data has {data_bytes} bytes; at most {max_bytes} are allowed (HUBBUB_MAX_EVENT_DATA_BYTES)"
            ));
        }
        if !self.client_events.allow(Instant::now()) {
            let per_second = config.client_events_per_second;
            return Err(format!("more than {per_second} client events in a second (HUBBUB_CLIENT_EVENTS_PER_SECOND)"));
        }
        Ok(channel)
    }

    fn has_room_for(&self, channel: &ChannelName) -> bool {
        self.socket.channel_count() < self.server.config().max_channels_per_socket || self.socket.is_in(channel)
    }

    fn refuse_another_channel(&self, channel: &ChannelName) {
        let max_channels = self.server.config().max_channels_per_socket;
        let error = format!("a socket joins at most {max_channels} channels (HUBBUB_MAX_CHANNELS_PER_SOCKET)");
        let refusal = crate::pusher::SubscriptionRefusal::limit_reached(error);
        self.socket.send_text(&server_frame::subscription_error(channel.as_str(), &refusal));
    }

    /// Closes after what no frame should look like, with the code of RFC 6455, section 7.4.1.
    fn give_up(&self, error: &ProtocolError) {
        let (code, reason) = match error {
            ProtocolError::Overflow => (CloseCode::Size, "a frame is too large (HUBBUB_MAX_FRAME_BYTES)"),
            ProtocolError::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                (CloseCode::Invalid, "a text frame is not UTF-8")
            }
            ProtocolError::Io(error) if error.to_string().contains("continuation") => {
                (CloseCode::Size, "a message is too large (HUBBUB_MAX_FRAME_BYTES)")
            }
            ProtocolError::Io(_) => (CloseCode::Size, "the connection was cut, or a frame is too large"),
            _ => (CloseCode::Protocol, "not a frame of the WebSocket protocol"),
        };
        self.socket.close_with(code.into(), reason);
    }

    /// Lets the client read the close frame and end the connection; cuts it when that takes too long.
    async fn see_off(&self, messages: &mut AggregatedMessageStream) {
        let ended = async { while let Some(Ok(_)) = messages.recv().await {} };
        if timeout(CLOSE_TIMEOUT, ended).await.is_err()
            && let Some(descriptor) = &self.descriptor
        {
            descriptor.shut_down();
        }
    }
}
