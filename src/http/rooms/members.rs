//! Who belongs to a room: listing, inviting, leaving, removing.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::{Refusal, RoomId, Timestamp, UserId};
use crate::json::UserRefPayload;
use crate::store::{Member, StoreError};

use crate::http::error::ApiError;
use crate::http::pipeline::body::Json;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;

#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
struct MemberResponse<'a> {
    #[serde(flatten)]
    author: UserRefPayload<'a>,
    joined_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Members)]
struct MembersResponse<'a> {
    items: Vec<MemberResponse<'a>>,
}

impl<'a> From<&'a [Member]> for MembersResponse<'a> {
    fn from(members: &'a [Member]) -> Self {
        let response =
            |member: &'a Member| MemberResponse { author: (&member.author).into(), joined_at: member.joined_at };
        Self { items: members.iter().map(response).collect() }
    }
}

/// `GET /rooms/{id}/members`.
#[utoipa::path(
    get, path = "/api/v1/rooms/{id}/members", tag = "Rooms",
    params(("id" = RoomId, Path)),
    responses(
        (status = 200, description = "The members, by name", body = MembersResponse),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member"]))),
)]
pub(crate) async fn list_members(
    state: web::Data<WebState>,
    identity: Identity,
    room_id: web::Path<RoomId>,
) -> Result<HttpResponse, ApiError> {
    let members = state.store.members(identity.user_id(), *room_id).await?;
    Ok(HttpResponse::Ok().json(MembersResponse::from(members.as_slice())))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddMemberRequest {
    user_id: UserId,
}

/// `POST /rooms/{id}/members`: any member may invite.
#[utoipa::path(
    post, path = "/api/v1/rooms/{id}/members", tag = "Rooms",
    params(("id" = RoomId, Path)),
    request_body = AddMemberRequest,
    responses(
        (status = 200, description = "The members, by name", body = MembersResponse),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "user_not_found"]))),
)]
pub(crate) async fn add_member(
    state: web::Data<WebState>,
    identity: Identity,
    room_id: web::Path<RoomId>,
    Json(request): Json<AddMemberRequest>,
) -> Result<HttpResponse, ApiError> {
    let (members, event) = state.store.add_member(identity.user_id(), *room_id, request.user_id).await?;
    state.bus.dispatch(&event);
    Ok(HttpResponse::Ok().json(MembersResponse::from(members.as_slice())))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveMemberQuery {
    /// Also when nobody would be left in a closed room.
    #[serde(default)]
    even_the_last: bool,
}

/// `DELETE /rooms/{id}/members/{user_id}`: leaves, or removes somebody. That person's sockets are taken out of the room's
/// channels by the dispatch, and out of its documents'.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{id}/members/{user_id}", tag = "Rooms",
    params(("id" = RoomId, Path), ("user_id" = UserId, Path), RemoveMemberQuery),
    responses(
        (status = 204, description = "The person is no member"),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "member_not_found", "not_allowed", "last_member"]))),
)]
pub(crate) async fn remove_member(
    state: web::Data<WebState>,
    identity: Identity,
    path: web::Path<(RoomId, UserId)>,
    query: web::Query<RemoveMemberQuery>,
) -> Result<HttpResponse, ApiError> {
    let (room_id, user_id) = *path;
    let removed = state.store.remove_member(identity.user_id(), room_id, user_id, query.even_the_last).await;
    let removed = removed.map_err(|error| match error {
        StoreError::Refused(Refusal::NotAMember) if user_id != identity.user_id() => {
            ApiError::Refused(Refusal::MemberNotFound)
        }
        error => error.into(),
    })?;
    state.bus.dispatch(&removed.events);
    removed.document_ids.into_iter().for_each(|document| state.bus.revoke_document(document, user_id));
    Ok(HttpResponse::NoContent().finish())
}
