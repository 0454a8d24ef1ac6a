//! Rooms: listing, making, changing, joining.

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Deserializer, Serialize};
use tracing::info;
use utoipa::{IntoParams, ToSchema};

use crate::domain::{RetentionDays, RetentionRules, RoomId, RoomKind, RoomName, RoomTopic, UserId, WholeNumber};
use crate::json::{MembershipPayload, RoomPayload};
use crate::store::{NewRoom, RoomChange, RoomFilter, RoomView};

use crate::http::error::ApiError;
use crate::http::pipeline::body::Json;
use crate::http::pipeline::identity::Identity;
use crate::http::state::{WebState, retention_rules};
use crate::http::text_schema;

/// A room, with the caller's place in it.
#[derive(Serialize, ToSchema)]
#[schema(as = Room)]
struct RoomResponse<'a> {
    #[serde(flatten)]
    room: RoomPayload<'a>,
    #[schema(required)]
    membership: Option<MembershipPayload>,
}

impl<'a> From<&'a RoomView> for RoomResponse<'a> {
    fn from(view: &'a RoomView) -> Self {
        let membership = view.membership.as_ref().map(|membership| MembershipPayload::new(&view.room, membership));
        Self { room: (&view.room).into(), membership }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Rooms)]
struct RoomsResponse<'a> {
    items: Vec<RoomResponse<'a>>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListRoomsQuery {
    /// For administrators: closed rooms of others too.
    #[serde(default)]
    all: bool,
    /// Archived rooms too.
    #[serde(default)]
    archived: bool,
}

/// `GET /rooms`.
#[utoipa::path(
    get, path = "/api/v1/rooms", tag = "Rooms",
    params(ListRoomsQuery),
    responses(
        (status = 200, description = "Your rooms, then the open ones that you could join; with `all`, closed ones of others too", body = RoomsResponse),
    ),
    extensions(("x-problems" = json!(["administrators_only"]))),
)]
pub(crate) async fn list_rooms(
    state: web::Data<WebState>,
    identity: Identity,
    query: web::Query<ListRoomsQuery>,
) -> Result<HttpResponse, ApiError> {
    let filter = RoomFilter { with_closed: query.all, with_archived: query.archived };
    let rooms = state.store.rooms(identity.user_id(), filter).await?;
    Ok(HttpResponse::Ok().json(RoomsResponse { items: rooms.iter().map(RoomResponse::from).collect() }))
}

/// `GET /rooms/{id}`.
#[utoipa::path(
    get, path = "/api/v1/rooms/{id}", tag = "Rooms",
    params(("id" = RoomId, Path)),
    responses(
        (status = 200, description = "The room", body = RoomResponse),
    ),
    extensions(("x-problems" = json!(["room_not_found"]))),
)]
pub(crate) async fn show_room(
    state: web::Data<WebState>,
    identity: Identity,
    id: web::Path<RoomId>,
) -> Result<HttpResponse, ApiError> {
    let room = state.store.room(identity.user_id(), *id).await?;
    Ok(HttpResponse::Ok().json(RoomResponse::from(&room)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRoomRequest {
    #[schema(schema_with = text_schema::line::<80>)]
    name: String,
    /// Open when it is missing.
    #[schema(value_type = Option<RoomKind>)]
    kind: Option<String>,
    #[schema(schema_with = text_schema::topic::<250>)]
    topic: Option<String>,
    #[serde(default)]
    member_ids: Vec<UserId>,
}

impl CreateRoomRequest {
    fn parse(self, state: &WebState) -> Result<NewRoom, ApiError> {
        Ok(NewRoom {
            name: RoomName::parse(&self.name, &state.limits)?,
            kind: self.kind.as_deref().map_or(Ok(RoomKind::Open), RoomKind::parse)?,
            topic: RoomTopic::parse(self.topic.as_deref().unwrap_or_default(), &state.limits)?,
            member_ids: self.member_ids,
        })
    }
}

/// `POST /rooms`.
#[utoipa::path(
    post, path = "/api/v1/rooms", tag = "Rooms",
    request_body = CreateRoomRequest,
    responses(
        (status = 201, description = "The room", body = RoomResponse, headers(("Location" = String, description = "The path of what was made"))),
    ),
    extensions(("x-problems" = json!(["user_not_found", "room_name_empty", "room_name_too_long", "room_topic_too_long", "invalid_room_kind", "invalid_text"]))),
)]
pub(crate) async fn create_room(
    state: web::Data<WebState>,
    identity: Identity,
    Json(request): Json<CreateRoomRequest>,
) -> Result<HttpResponse, ApiError> {
    let (room, events) = state.store.create_room(identity.user_id(), request.parse(&state)?).await?;
    state.bus.dispatch(&events);
    let location = format!("/api/v1/rooms/{}", room.room.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(RoomResponse::from(&room)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeRoomRequest {
    #[schema(schema_with = text_schema::optional_line::<80>)]
    name: Option<String>,
    #[schema(schema_with = text_schema::topic::<250>)]
    topic: Option<String>,
    /// Null is a wish too: to keep messages as long as the instance does.
    #[serde(default, deserialize_with = "null_or_value")]
    #[schema(value_type = Option<i64>, minimum = 7, maximum = 36_500)]
    retention_days: Option<Option<WholeNumber>>,
    /// Read-only, and not in the list.
    archived: Option<bool>,
    /// Every new person joins it.
    is_default: Option<bool>,
}

/// Tells a field that is null from one that is missing.
fn null_or_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<WholeNumber>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// `PATCH /rooms/{id}`: another name or topic, another time for which messages are kept, the archive, whether new people join.
#[utoipa::path(
    patch, path = "/api/v1/rooms/{id}", tag = "Rooms",
    params(("id" = RoomId, Path)),
    request_body = ChangeRoomRequest,
    responses(
        (status = 200, description = "The room after the change", body = RoomResponse),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "not_allowed", "administrators_only", "room_name_empty", "room_name_too_long", "room_topic_too_long", "invalid_retention_days", "invalid_default_room", "invalid_text"]))),
)]
pub(crate) async fn change_room(
    state: web::Data<WebState>,
    identity: Identity,
    id: web::Path<RoomId>,
    Json(request): Json<ChangeRoomRequest>,
) -> Result<HttpResponse, ApiError> {
    let rules = retention_rules(&state.config);
    let change = RoomChange {
        name: request.name.map(|name| RoomName::parse(&name, &state.limits)).transpose()?,
        topic: request.topic.map(|topic| RoomTopic::parse(&topic, &state.limits)).transpose()?,
        retention_days: request.retention_days.map(|days| parse_retention(days, rules)).transpose()?,
        is_archived: request.archived,
        is_default: request.is_default,
    };
    let (room, event) = state.store.change_room(identity.user_id(), *id, change, rules).await?;
    state.bus.dispatch(&event);
    if event.is_some()
        && let Some(archived) = request.archived
    {
        info!(room_id = %id, user_id = %identity.user_id(), archived, "a room was archived, or taken out of the archive");
    }
    if event.is_some() && request.archived == Some(true) {
        let (documents, members) = state.store.documents_and_members(*id).await?;
        state.bus.revoke_documents(&documents, &members);
    }
    Ok(HttpResponse::Ok().json(RoomResponse::from(&room)))
}

/// `DELETE /rooms/{id}`: with its messages, files and documents, for good.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{id}", tag = "Rooms",
    params(("id" = RoomId, Path)),
    responses(
        (status = 204, description = "The room is gone; what was written in it is removed within moments"),
    ),
    extensions(("x-problems" = json!(["room_not_found", "administrators_only"]))),
)]
pub(crate) async fn delete_room(
    state: web::Data<WebState>,
    identity: Identity,
    id: web::Path<RoomId>,
) -> Result<HttpResponse, ApiError> {
    let deleted = state.store.delete_room(identity.user_id(), *id).await?;
    state.bus.dispatch_room_deleted(&deleted.event, &deleted.members, &deleted.document_ids);
    let (members, documents) = (deleted.members.len(), deleted.document_ids.len());
    info!(room_id = %id, user_id = %identity.user_id(), name = deleted.name, members, documents, "a room was deleted");
    Ok(HttpResponse::NoContent().finish())
}

fn parse_retention(days: Option<WholeNumber>, rules: RetentionRules) -> Result<Option<RetentionDays>, ApiError> {
    let days = days.map(|WholeNumber(days)| RetentionDays::parse(days)?.at_least(rules.min_days)).transpose();
    Ok(days?)
}

/// `POST /rooms/{id}/join`.
#[utoipa::path(
    post, path = "/api/v1/rooms/{id}/join", tag = "Rooms",
    params(("id" = RoomId, Path)),
    responses(
        (status = 200, description = "The room, with you in it", body = RoomResponse),
    ),
    extensions(("x-problems" = json!(["room_not_found"]))),
)]
pub(crate) async fn join_room(
    state: web::Data<WebState>,
    identity: Identity,
    id: web::Path<RoomId>,
) -> Result<HttpResponse, ApiError> {
    let (room, event) = state.store.join_room(identity.user_id(), *id).await?;
    state.bus.dispatch(&event);
    Ok(HttpResponse::Ok().json(RoomResponse::from(&room)))
}
