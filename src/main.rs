//! The program `hubbub`.

use std::process::ExitCode;

fn main() -> ExitCode {
    hubbub::cli::run()
}
