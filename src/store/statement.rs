//! Statements of the hot path: SQL text that is prepared once per connection.
//!
//! Diesel never caches an `UPDATE` or what [`diesel::sql_query`] takes, and preparing costs as much as running. A
//! [`statement!`] is a struct with a query id of its own, so that Diesel keeps it prepared, and one text for both
//! databases. Everything off the hot path uses Diesel's own language.

/// Declares a statement: its parameters with their SQL types, the types of the row it returns, and its text, in which a
/// parameter's name stands where its value belongs.
///
/// ```ignore
/// statement! {
///     /// Takes the next place in a room's log.
///     NextSeq { room_id: i64 => BigInt } -> BigInt:
///     "UPDATE rooms SET last_seq = last_seq + 1 WHERE id = ", room_id, " RETURNING last_seq"
/// }
/// ```
macro_rules! statement {
    (
        $(#[$doc:meta])*
        $name:ident $(<$life:lifetime>)? { $($parameter:ident: $type:ty => $sql_type:ty),+ $(,)? } -> $row:ty:
        $($piece:tt),+ $(,)?
    ) => {
        $(#[$doc])*
        struct $name $(<$life>)? {
            $($parameter: $type),+
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
                DB: diesel::backend::Backend $(+ diesel::sql_types::HasSqlType<$sql_type>)+,
                $($type: diesel::serialize::ToSql<$sql_type, DB>),+
            {
                fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> diesel::QueryResult<()> {
                    $(let $parameter = |pass: &mut AstPass<'_, 'b, DB>| {
                        pass.push_bind_param::<$sql_type, _>(&self.$parameter)
                    };)+
                    $(statement!(@piece pass $piece);)+
                    Ok(())
                }
            }
        };
    };
    (@piece $pass:ident $text:literal) => { $pass.push_sql($text) };
    (@piece $pass:ident $parameter:ident) => { $parameter(&mut $pass)? };
}
pub(super) use statement;
