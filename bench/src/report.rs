//! Results: raw ones into a file, a table onto the screen.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

/// Appends a result as one line of JSON.
pub(crate) fn append(directory: &Path, name: &str, result: &impl Serialize) -> Result<()> {
    fs::create_dir_all(directory)?;
    let path = directory.join(format!("{name}.jsonl"));
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    writeln!(file, "{}", serde_json::to_string(result)?).with_context(|| format!("writing {}", path.display()))
}

/// The middle one; of an even number, the lower of the two in the middle.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// The median with the lowest and the highest figure: `5.1 (4.9–5.4)`, or that there is none.
pub(crate) fn spread(figures: Vec<f64>, digits: usize) -> String {
    let lowest = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if figures.is_empty() {
        return "failed".to_owned();
    }
    format!("{:.digits$} ({lowest:.digits$}–{highest:.digits$})", median(figures))
}
