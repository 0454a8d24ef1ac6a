//! Where a page of messages or events ends.

/// The size of a page.
#[derive(Clone, Copy)]
pub(in crate::store) struct PageSize {
    /// Rows at most.
    pub(in crate::store) rows: i64,
    /// Bytes of text and HTML, beyond which it ends; the first row is always on it.
    pub(in crate::store) bytes: usize,
}

/// Removes the rows that would make the page longer than `bytes`, but never the first.
pub(in crate::store) fn end_page<T>(rows: &mut Vec<T>, bytes: usize, length: impl Fn(&T) -> usize) {
    let mut left = bytes;
    let fitting = rows.iter().take_while(|row| {
        let fits = length(row) <= left;
        left = left.saturating_sub(length(row));
        fits
    });
    let fitting = fitting.count().max(1);
    rows.truncate(fitting);
}
