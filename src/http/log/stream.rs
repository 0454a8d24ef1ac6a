//! Server-Sent Events: what happens in one's rooms, for programs that want no socket. `curl -N` can watch a room.
//!
//! A stream reads the log; the bus only wakes it. So it needs no place in the broadcaster, misses nothing, and checks
//! the membership with every read. Where the bus cannot be heard, a look every second finds the same.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::Write;
use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};
use tokio::time::{Instant, sleep_until};
use tracing::warn;
use utoipa::IntoParams;

use crate::config::Ration;
use crate::domain::{Refusal, RoomId, Seq, Timestamp, UserId};
use crate::json::{EventPayload, ResyncPayload, RoomNoticePayload};

use crate::http::error::ApiError;
use crate::http::log::cursor::EventCursor;
use crate::http::log::positions::Positions;
use crate::http::pipeline::client_ip::ClientIp;
use crate::http::pipeline::identity::Identity;
use crate::http::rations::counters::Place;
use crate::http::state::WebState;

/// How long a stream relies on being woken.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Silence after which a comment is sent, so that proxies do not take the stream for dead.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// Events of one room written at once.
const EVENTS_PER_READ: i64 = 100;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsQuery {
    /// Only this room; without it, all of one's rooms.
    room: Option<RoomId>,
}

/// `GET /events`.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "Events",
    params(EventsQuery, ("Last-Event-ID" = Option<String>, Header, pattern = "^(@[0-9]{1,18},?)?([0-9]{1,18}:[0-9]{1,18}(,[0-9]{1,18}:[0-9]{1,18})*)?$", description = "The last `id` received, such as `1:42,7:9` or `@1764340000000000,1:42`")),
    responses(
        (status = 200, description = "Server-Sent Events: `event` is the type, `data` the Event as JSON, `id` a cursor over all rooms. Besides, `resync` and `room.left`.", body = String, content_type = "text/event-stream"),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "invalid_cursor", "too_many_event_streams", "shutting_down"]))),
)]
pub(crate) async fn stream_events(
    state: web::Data<WebState>,
    viewer: Identity,
    address: ClientIp,
    request: HttpRequest,
    query: web::Query<EventsQuery>,
) -> Result<HttpResponse, ApiError> {
    if state.is_shutting_down() {
        return Err(ApiError::ShuttingDown);
    }
    if let Some(room_id) = query.room {
        state.store.room(viewer.user_id(), room_id).await?.membership.ok_or(ApiError::Refused(Refusal::NotAMember))?;
    }
    let own_place = state.rations.take_place(Ration::EventStreams, Some(viewer.user_id()), address.0)?;
    let place = (state.event_streams.take_place()?, own_place);
    let last_event_id = request.headers().get("last-event-id").map(|id| String::from_utf8_lossy(id.as_bytes()));
    let cursor = last_event_id.filter(|id| !id.is_empty()).map(|id| EventCursor::parse(&id)).transpose()?;
    let events = EventStream::open(state, viewer, query.room, cursor, place).await?;
    let chunks = stream::unfold(events, async |mut events| {
        let chunk = events.next_chunk().await?;
        Some((Ok::<_, Infallible>(Bytes::from(chunk)), events))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        // Neither we nor a proxy may hold events back to pack them better.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(chunks))
}

/// One open stream.
struct EventStream {
    state: web::Data<WebState>,
    viewer: Identity,
    only: Option<RoomId>,
    positions: Positions,
    rooms_changed: broadcast::Receiver<RoomId>,
    shutdown: watch::Receiver<bool>,
    /// What is to be written first.
    opening: Option<String>,
    next_look: Instant,
    written_at: Instant,
    _place: (OwnedSemaphorePermit, Place),
}

/// Why a stream stops waiting.
enum Woken {
    /// Something happened in these rooms.
    Rooms(BTreeSet<RoomId>),
    /// It is time to look at all of them.
    Time,
    /// The process is about to end.
    Shutdown,
}

impl EventStream {
    /// Begins where the cursor says, or else at the present.
    async fn open(
        state: web::Data<WebState>,
        viewer: Identity,
        only: Option<RoomId>,
        cursor: Option<EventCursor>,
        place: (OwnedSemaphorePermit, Place),
    ) -> Result<Self, ApiError> {
        // Before the heads are read: what happens in between then wakes the stream.
        let rooms_changed = state.bus.watch_rooms();
        let positions = read_positions(&state, viewer.user_id(), cursor).await?;
        let now = Instant::now();
        let mut stream = Self {
            shutdown: state.watch_shutdown(),
            state,
            viewer,
            only,
            positions,
            rooms_changed,
            opening: None,
            next_look: now,
            written_at: now,
            _place: place,
        };
        if let Some(room_id) = only {
            stream.positions.keep_only(room_id);
            if !stream.positions.contains(room_id) {
                stream.begin_room(room_id).await?;
            }
        }
        // The cursor goes first, alone: a client that is cut off before the first event still knows where it stood.
        stream.opening = Some(format!("retry: 1000\nid: {}\n\n", stream.positions.cursor()));
        Ok(stream)
    }

    /// The next text to write; `None` ends the stream. The client then comes back and is told why, if there is a reason.
    async fn next_chunk(&mut self) -> Option<String> {
        let chunk = match self.opening.take() {
            Some(opening) => opening,
            None => match self.wait_for_events().await {
                Ok(chunk) => chunk?,
                Err(error) => {
                    warn!(%error, "an event stream ended");
                    return None;
                }
            },
        };
        self.written_at = Instant::now();
        Some(chunk)
    }

    async fn wait_for_events(&mut self) -> Result<Option<String>, ApiError> {
        loop {
            if self.only.is_some_and(|room_id| !self.positions.contains(room_id)) {
                return Ok(None);
            }
            let woken = self.woken().await;
            if matches!(woken, Woken::Shutdown) || !self.viewer.is_still_good(&self.state).await? {
                return Ok(None);
            }
            let mut text = String::new();
            match woken {
                Woken::Rooms(rooms) => drop(self.read_rooms(&rooms, &mut text).await?),
                Woken::Time | Woken::Shutdown => self.look(&mut text).await?,
            }
            if text.is_empty() && self.written_at.elapsed() >= HEARTBEAT_EVERY {
                text.push_str(": still here\n\n");
            }
            if !text.is_empty() {
                return Ok(Some(text));
            }
        }
    }

    /// Waits until there is something to read. Cancel safe.
    async fn woken(&mut self) -> Woken {
        loop {
            let room_id = tokio::select! {
                _ = self.shutdown.wait_for(|is_shutting_down| *is_shutting_down) => return Woken::Shutdown,
                () = sleep_until(self.next_look) => return Woken::Time,
                woken = self.rooms_changed.recv() => match woken {
                    Ok(room_id) => room_id,
                    Err(RecvError::Lagged(_)) => return Woken::Time,
                    Err(RecvError::Closed) => return Woken::Shutdown,
                },
            };
            let rooms = self.own_rooms_of(room_id);
            if !rooms.is_empty() {
                return Woken::Rooms(rooms);
            }
        }
    }

    /// The stream's own among the rooms that have changed: the one that woke it, and those that waited behind it.
    fn own_rooms_of(&mut self, first: RoomId) -> BTreeSet<RoomId> {
        let mut rooms = BTreeSet::from([first]);
        loop {
            match self.rooms_changed.try_recv() {
                Ok(room_id) => drop(rooms.insert(room_id)),
                // Too many at once: the next look reads all rooms.
                Err(TryRecvError::Lagged(_)) => self.next_look = Instant::now(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        rooms.retain(|room_id| self.positions.contains(*room_id));
        rooms
    }

    /// Compares all rooms with the cursor, which also finds those that were joined or lost.
    async fn look(&mut self, text: &mut String) -> Result<(), ApiError> {
        self.next_look = Instant::now() + LOOK_EVERY;
        let looked_at = Timestamp::now();
        let mut lost: BTreeSet<RoomId> = self.positions.room_ids().collect();
        let mut changed = BTreeSet::new();
        for (room_id, head) in self.state.store.log_heads_of_user(self.viewer.user_id()).await? {
            if self.only.is_some_and(|only| only != room_id) {
                continue;
            }
            lost.remove(&room_id);
            match self.positions.get(room_id) {
                Some(seq) if seq == head => {}
                Some(_) => drop(changed.insert(room_id)),
                None => {
                    self.begin_room(room_id).await?;
                    changed.insert(room_id);
                }
            }
        }
        for room_id in lost {
            self.leave_room(room_id, text)?;
        }
        let has_more = self.read_rooms(&changed, text).await?;
        if !has_more {
            self.positions.note_complete(looked_at);
        }
        Ok(())
    }

    /// A room that was joined since the cursor: its events begin with the joining.
    async fn begin_room(&mut self, room_id: RoomId) -> Result<(), ApiError> {
        let room = self.state.store.room(self.viewer.user_id(), room_id).await?;
        let before_joining = room.membership.map_or(room.room.last_seq, |member| Seq(member.joined_seq.0 - 1));
        self.positions.set(room_id, before_joining, Timestamp::now());
        Ok(())
    }

    /// Returns whether there is more in one of them.
    async fn read_rooms(&mut self, rooms: &BTreeSet<RoomId>, text: &mut String) -> Result<bool, ApiError> {
        let mut has_more = false;
        for room_id in rooms {
            match self.read_room(*room_id, text).await {
                Err(ApiError::Refused(Refusal::NotAMember) | ApiError::Refused(Refusal::RoomNotFound)) => {
                    self.leave_room(*room_id, text)?
                }
                read => has_more |= read?,
            }
        }
        Ok(has_more)
    }

    /// Returns whether there is more.
    async fn read_room(&mut self, room_id: RoomId, text: &mut String) -> Result<bool, ApiError> {
        let Some(after) = self.positions.get(room_id) else { return Ok(false) };
        let max_behind = self.state.config.http.catch_up_events;
        let store = &self.state.store;
        let read = store.events_after(self.viewer.user_id(), room_id, after, EVENTS_PER_READ, max_behind).await?;
        if read.resync {
            self.positions.set(room_id, read.head, Timestamp::now());
            self.write("resync", &ResyncPayload { room_id, head: read.head }, text)?;
            return Ok(false);
        }
        for event in &read.events {
            self.positions.set(room_id, event.seq, event.created_at);
            let payload = EventPayload::from(event);
            self.write(payload.r#type, &payload, text)?;
        }
        if read.more {
            self.next_look = Instant::now();
        }
        Ok(read.more)
    }

    fn leave_room(&mut self, room_id: RoomId, text: &mut String) -> Result<(), ApiError> {
        self.positions.remove(room_id);
        self.write("room.left", &RoomNoticePayload { room_id }, text)
    }

    /// Writes one event as the stream's format has it (HTML Living Standard, 9.2.6).
    fn write(&self, name: &str, data: &impl Serialize, text: &mut String) -> Result<(), ApiError> {
        let data = serde_json::to_string(data).map_err(|error| ApiError::Internal(error.to_string()))?;
        write!(text, "event: {name}\nid: {}\ndata: {data}\n\n", self.positions.cursor())
            .map_err(|error| ApiError::Internal(error.to_string()))
    }
}

/// Where a stream begins: at the present, or where its cursor says.
async fn read_positions(state: &WebState, user_id: UserId, cursor: Option<EventCursor>) -> Result<Positions, ApiError> {
    let (mut positions, now) = (Positions::default(), Timestamp::now());
    let Some(cursor) = cursor else {
        for place in state.store.log_places_of_user(user_id).await? {
            positions.set(place.room_id, place.seq, place.last_event_at.unwrap_or(now));
        }
        positions.note_complete(now);
        return Ok(positions);
    };
    if let Some(moment) = cursor.seen_until {
        let then = state.store.log_places_at(user_id, moment, state.config.http.catch_up_events).await?;
        for place in then.places {
            positions.set(place.room_id, place.seq, place.last_event_at.unwrap_or(now));
        }
        // The first look finds that they are no rooms of the person's, and says so.
        then.left.into_iter().for_each(|room_id| positions.set(room_id, Seq(0), now));
        positions.note_seen_until(moment);
    }
    cursor.rooms.into_iter().for_each(|(room_id, seq)| positions.set(room_id, seq, now));
    Ok(positions)
}
