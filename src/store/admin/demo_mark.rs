//! The mark in a demo's database, so that its public password never opens another instance.

use diesel::prelude::*;

use crate::domain::Timestamp;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{demo_marks, users};
use crate::store::{Store, StoreError};

impl Store {
    /// Whether `--demo` has made the database.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn is_demo(&self) -> Result<bool, StoreError> {
        self.read(|connection| Ok(is_marked(connection)?)).await
    }

    /// Marks the database as a demo's when nobody has signed up; answers whether it is a demo's.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn mark_as_demo(&self) -> Result<bool, StoreError> {
        self.write(|connection| {
            if is_marked(connection)? {
                return Ok(true);
            }
            if users::table.select(users::id).first::<i64>(connection).optional()?.is_some() {
                return Ok(false);
            }
            let mark = (demo_marks::id.eq(1_i64), demo_marks::created_at.eq(Timestamp::now().0));
            diesel::insert_into(demo_marks::table).values(mark).execute(connection)?;
            Ok(true)
        })
        .await
    }
}

fn is_marked(connection: &mut DbConnection) -> QueryResult<bool> {
    demo_marks::table.select(demo_marks::id).first::<i64>(connection).optional().map(|mark| mark.is_some())
}
