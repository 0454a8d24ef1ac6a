//! One page of a room's log: when many members ask for the same page at the same time, it is read once.

use actix_web::web::Bytes;

use crate::domain::{RoomId, Seq};
use crate::store::StoreError;

use crate::http::log::coalesce::Coalescer;

/// Names a page of a room's log. Requests with equal keys get the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LogPageKey {
    pub(crate) room_id: RoomId,
    pub(crate) after: Seq,
    pub(crate) limit: i64,
}

/// The pages that are being read, each as the JSON of its answer.
pub(crate) type LogPageReads = Coalescer<LogPageKey, Result<Bytes, StoreError>>;
