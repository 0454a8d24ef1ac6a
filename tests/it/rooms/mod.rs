//! Rooms, their members, and who may do what.

mod archive;
mod broadcasting;
mod deletion;
mod former_maker;
mod members;
mod permissions;
mod room;

use crate::program::maintenance::run_sql;
use crate::support::server::Server;

/// Makes the person of id 1 a member of that many rooms, which somebody made long ago.
pub(crate) fn join_many_rooms(server: &Server, rooms: i64) {
    let sql = format!(
        "CREATE TEMP TABLE numbers AS WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {rooms}) \
         SELECT i FROM n; \
         INSERT INTO rooms (id, kind, name, topic, created_by, created_at, last_seq, message_count) \
         SELECT i, 'open', 'Room ' || i, '', 1, 1, 2, 0 FROM numbers; \
         INSERT INTO events (room_id, seq, kind, actor_id, data, created_at) SELECT i, 1, 'room.created', 1, \
         '{{\"name\":\"Room\",\"topic\":\"\",\"message_count\":0}}', 1 FROM numbers; \
         INSERT INTO events (room_id, seq, kind, actor_id, member_id, created_at) \
         SELECT i, 2, 'member.joined', 1, 1, 1 FROM numbers; \
         INSERT INTO memberships (room_id, user_id, read_number, joined_seq, joined_at) SELECT i, 1, 0, 2, 1 FROM numbers;"
    );
    run_sql(server.data_dir(), &sql);
}
