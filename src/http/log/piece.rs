//! A piece of a room's log: when many members ask for the same one at once, it is read once.

use actix_web::web::Bytes;

use crate::domain::{RoomId, Seq};
use crate::store::StoreError;

use crate::http::log::coalesce::Flights;

/// A piece of a room's log, by which many may ask for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Piece {
    pub(crate) room_id: RoomId,
    pub(crate) after: Seq,
    pub(crate) limit: i64,
}

/// The pieces that are being read, as they will be answered.
pub(crate) type PieceFlights = Flights<Piece, Result<Bytes, StoreError>>;
