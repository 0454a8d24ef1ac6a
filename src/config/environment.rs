//! The environment before the settings are read from it: secrets in files, and variables that no setting has.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::{Arg, Command};
use thiserror::Error;

/// Why a file with secrets is refused.
#[derive(Debug, Error)]
pub enum SecretFileError {
    /// It cannot be read.
    #[error("{setting}: {path}: {source}")]
    Read {
        /// The variable that names it.
        setting: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Everybody on the machine can read it.
    #[error("{0} has secrets and can be read by everybody on this machine; run: chmod 600 {0}")]
    Open(PathBuf),
    /// The secret is given twice.
    #[error("{0} and {0}_FILE are both set; leave one of them out")]
    Twice(String),
}

/// Refuses a file that others than its owner and its group may read or write.
///
/// # Errors
/// [`SecretFileError::Open`]. A file that is not there is refused by whoever reads it.
pub fn require_private(path: &Path) -> Result<(), SecretFileError> {
    match fs::metadata(path) {
        Ok(file) if file.is_file() && file.permissions().mode() & 0o007 != 0 => {
            Err(SecretFileError::Open(path.to_owned()))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Reads `.env` of the working directory, and of no other: what lies in a directory above may be somebody else's.
///
/// # Errors
/// A sentence for the person who starts the program.
pub fn read_dotenv() -> Result<(), String> {
    let path = Path::new(".env");
    if !path.exists() {
        return Ok(());
    }
    require_private(path).map_err(|error| error.to_string())?;
    dotenvy::from_path(path).map_err(|error| format!("the file .env: {error}"))
}

/// Gives each secret of a command, and of those below it, the content of the file that `HUBBUB_…_FILE` names, or that
/// systemd's `LoadCredential=HUBBUB_…:…` has put there.
///
/// # Errors
/// [`SecretFileError`].
pub fn with_secret_files(command: Command) -> Result<Command, SecretFileError> {
    with_secrets(command, &|name| env::var(name).ok().filter(|value| !value.is_empty()))
}

fn with_secrets(mut command: Command, variable: &dyn Fn(&str) -> Option<String>) -> Result<Command, SecretFileError> {
    let secrets: Vec<(String, String)> = command.get_arguments().filter_map(secret).collect();
    for (id, name) in secrets {
        if let Some(text) = from_file(&name, variable)? {
            // It lives as long as the process: the library takes texts of its own only.
            let text: &'static str = Box::leak(text.into_boxed_str());
            command = command.mut_arg(id, |argument| argument.default_value(text).hide_default_value(true));
        }
    }
    let below: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    for name in below {
        let mut failed = None;
        command = command.mut_subcommand(name, |below| {
            with_secrets(below.clone(), variable).unwrap_or_else(|error| {
                failed = Some(error);
                below
            })
        });
        if let Some(error) = failed {
            return Err(error);
        }
    }
    Ok(command)
}

/// The argument's id and variable, when its value is not to be shown.
fn secret(argument: &Arg) -> Option<(String, String)> {
    let name = argument.get_env().filter(|_| argument.is_hide_env_values_set())?;
    Some((argument.get_id().to_string(), name.to_string_lossy().into_owned()))
}

fn from_file(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>, SecretFileError> {
    let setting = format!("{name}_FILE");
    let credential = || variable("CREDENTIALS_DIRECTORY").map(|directory| Path::new(&directory).join(name));
    let path = match variable(&setting) {
        Some(_) if variable(name).is_some() => return Err(SecretFileError::Twice(name.to_owned())),
        Some(path) => {
            let path = PathBuf::from(path);
            require_private(&path)?;
            path
        }
        None => match credential().filter(|path| path.exists()) {
            Some(path) => path,
            None => return Ok(None),
        },
    };
    let text = fs::read_to_string(&path).map_err(|source| SecretFileError::Read { setting, path, source })?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Variables that are no settings of a command, and are ours all the same.
const OTHERS: [&str; 2] = ["HUBBUB_LOG", "HUBBUB_BIN"];

/// A sentence for each variable `HUBBUB_…` of `given` that no command has, with the nearest one that there is.
#[must_use]
pub fn unknown_variables(command: &Command, given: impl Iterator<Item = String>) -> Vec<String> {
    let mut known: Vec<String> = OTHERS.iter().map(|name| (*name).to_owned()).collect();
    collect_known(command, &mut known);
    let is_unknown =
        |name: &String| name.starts_with("HUBBUB_") && !name.starts_with("HUBBUB_TEST_") && !known.contains(name);
    let describe = |name: String| {
        let nearest = known
            .iter()
            .max_by(|one, other| strsim::jaro_winkler(&name, one).total_cmp(&strsim::jaro_winkler(&name, other)));
        let nearest = nearest.map_or("", String::as_str);
        format!("{name} is set, and there is no such setting; the nearest one is {nearest}")
    };
    given.filter(is_unknown).map(describe).collect()
}

fn collect_known(command: &Command, known: &mut Vec<String>) {
    for argument in command.get_arguments() {
        let Some(name) = argument.get_env().map(|name| name.to_string_lossy().into_owned()) else { continue };
        if argument.is_hide_env_values_set() {
            known.push(format!("{name}_FILE"));
        }
        known.push(name);
    }
    command.get_subcommands().for_each(|below| collect_known(below, known));
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;
    use crate::config::ServeConfig;

    fn command() -> Command {
        Command::new("hubbub").subcommand(ServeConfig::augment_args(Command::new("serve")))
    }

    #[test]
    fn an_unknown_variable_is_named_with_the_nearest_setting() {
        let given = ["HUBBUB_METRICS_TOKN", "HUBBUB_LISTEN", "HUBBUB_TOKEN_SECRET_FILE", "HUBBUB_LOG", "PATH"];
        let unknown = unknown_variables(&command(), given.map(str::to_owned).into_iter());
        assert_eq!(unknown.len(), 1, "{unknown:?}");
        assert!(unknown[0].contains("HUBBUB_METRICS_TOKN is set") && unknown[0].ends_with("HUBBUB_METRICS_TOKEN"));
    }

    #[test]
    fn a_secret_is_read_from_the_file_that_its_variable_names() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("HUBBUB_METRICS_TOKEN");
        fs::write(&path, "0123456789abcdef\n").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        let name = path.display().to_string();
        let token = |variable: &dyn Fn(&str) -> Option<String>| {
            let command = with_secrets(command(), variable).map_err(|error| error.to_string())?;
            let matches = command.try_get_matches_from(["hubbub", "serve"]).map_err(|error| error.to_string())?;
            let serve = matches.subcommand_matches("serve").expect("given");
            Ok::<_, String>(serve.get_one::<crate::config::Secret>("metrics_token").map(|t| t.expose().to_owned()))
        };
        let by_file = |variable: &str| (variable == "HUBBUB_METRICS_TOKEN_FILE").then(|| name.clone());
        assert_eq!(token(&by_file), Ok(Some("0123456789abcdef".to_owned())));
        let by_systemd =
            |variable: &str| (variable == "CREDENTIALS_DIRECTORY").then(|| directory.path().display().to_string());
        assert_eq!(token(&by_systemd), Ok(Some("0123456789abcdef".to_owned())));
        let twice = |variable: &str| variable.starts_with("HUBBUB_METRICS_TOKEN").then(|| name.clone());
        assert!(token(&twice).expect_err("twice").contains("both set"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
        assert!(token(&by_file).expect_err("open").contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        fs::write(&path, "\n").expect("written");
        assert!(token(&by_file).expect_err("empty").contains("empty"));
    }

    #[test]
    fn every_number_has_a_range_and_no_secret_may_be_empty() {
        let serve = ServeConfig::augment_args(Command::new("serve"));
        for argument in serve.get_arguments() {
            let Some(flag) = argument.get_long() else { continue };
            let is_number = argument
                .get_default_values()
                .first()
                .is_some_and(|value| value.to_string_lossy().parse::<u64>().is_ok())
                || matches!(flag, "retention-days");
            let refused = |value: &str| {
                let words = ["serve".to_owned(), format!("--{flag}={value}")];
                serve.clone().try_get_matches_from(words).err().map(|error| error.to_string())
            };
            if is_number {
                let error = refused("99999999999999999").unwrap_or_else(|| panic!("--{flag} has no upper bound"));
                assert!(error.contains("is not in "), "--{flag}: {error}");
                assert!(refused("-1").is_some(), "--{flag}");
            }
            if argument.is_hide_env_values_set() {
                for empty in ["", "  "] {
                    assert!(refused(empty).is_some_and(|error| error.contains("empty")), "--{flag}");
                }
            }
        }
    }
}
