//! Statements for the hot path: prepared once per connection.
//!
//! Diesel never keeps an `UPDATE`, or what [`diesel::sql_query`] takes, prepared, and preparing costs as much as
//! running. A [`statement!`] is a struct with a query id of its own, so that it is kept, and one text for both
//! databases. And [`execute`] hands a query to the connection within [`DbConnection`], which itself would build the SQL
//! text again each time. Everything off the hot path uses Diesel's own language on `DbConnection`.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::sqlite::Sqlite;

use super::connection::DbConnection;

/// Runs a query that returns nothing; returns how many rows it changed.
pub(in crate::store) fn execute<S>(connection: &mut DbConnection, statement: &S) -> QueryResult<usize>
where
    S: QueryFragment<Sqlite> + QueryFragment<Pg> + QueryId,
{
    match connection {
        DbConnection::Sqlite(sqlite) => sqlite.execute_returning_count(statement),
        DbConnection::Postgres(postgres) => postgres.execute_returning_count(statement),
    }
}

/// Ids for a statement on SQLite, which knows no arrays: `IN (SELECT value FROM json_each(…))`. A list of parameters
/// would be another text for each length, and be prepared each time.
pub(in crate::store) fn json_list(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    format!("[{}]", ids.join(","))
}

/// Declares a statement: its parameters with their SQL types, the types of the row it returns, and its text, in which a
/// parameter's name stands where its value belongs.
///
/// ```ignore
/// statement! {
///     /// The user of that name.
///     FindByName<'a> { name: &'a str => Text } -> BigInt:
///     "SELECT id FROM users WHERE username = ", name
/// }
/// ```
macro_rules! statement {
    (
        $(#[$doc:meta])*
        $name:ident $(<$life:lifetime>)? { $($parameter:ident: $type:ty => $sql_type:ty),* $(,)? } -> $row:ty:
        $($piece:tt),+ $(,)?
    ) => {
        $(#[$doc])*
        struct $name $(<$life>)? {
            $($parameter: $type),*
        }

        const _: () = {
            use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

            struct Id;

            impl $(<$life>)? QueryId for $name $(<$life>)? {
                type QueryId = Id;
                const HAS_STATIC_QUERY_ID: bool = true;
            }

            impl $(<$life>)? Query for $name $(<$life>)? {
                type SqlType = $row;
            }

            impl<$($life,)? C> diesel::RunQueryDsl<C> for $name $(<$life>)? {}

            impl<$($life,)? DB> QueryFragment<DB> for $name $(<$life>)?
            where
                DB: diesel::backend::Backend $(+ diesel::sql_types::HasSqlType<$sql_type>)*,
                $($type: diesel::serialize::ToSql<$sql_type, DB>),*
            {
                fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> diesel::QueryResult<()> {
                    $(let $parameter = |pass: &mut AstPass<'_, 'b, DB>| {
                        pass.push_bind_param::<$sql_type, _>(&self.$parameter)
                    };)*
                    $(statement!(@piece pass $piece);)+
                    Ok(())
                }
            }
        };
    };
    (@piece $pass:ident $text:literal) => { $pass.push_sql($text) };
    (@piece $pass:ident $parameter:ident) => { $parameter(&mut $pass)? };
}
pub(in crate::store) use statement;
