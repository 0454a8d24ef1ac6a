//! Messages.
//!
//! - `edit`: reading one, replacing its text, taking it back.
//! - `history`: the messages of a room, page by page.
//! - `load`: the one loader: makes complete messages out of rows.
//! - `page`: where a page of messages or events ends.
//! - `post`: stores batches of posts, on the writer's thread.
//! - `post_message`: `Store::post_message`, where a post enters the store.
//! - `reaction_rows`: the emoji under messages.
//! - `reactions`: adding and removing one.
//! - `replies`: which message a message answers.
//! - `rerender`: renders messages anew after an update of the program.

pub(super) mod edit;
pub(super) mod history;
pub(super) mod load;
pub(super) mod page;
pub(super) mod post;
pub(super) mod post_message;
mod reaction_rows;
mod reactions;
mod replies;
pub(super) mod rerender;
