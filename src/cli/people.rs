//! `hubbub user` and `hubbub token`.

use clap::{Args, Subcommand};

use crate::config::AuthConfig;
use crate::maintenance;

use super::failure::Failure;
use super::instance::InstanceArgs;

#[derive(Debug, Args)]
pub(super) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Set a new random password for a user, print it, and end their sessions and API tokens
    ResetPassword {
        /// The user name
        name: String,
        #[command(flatten)]
        instance: InstanceArgs,
        #[command(flatten)]
        auth: AuthConfig,
    },
    /// Keep a user from signing in, and end their sessions and API tokens
    Deactivate {
        /// The user name
        name: String,
        #[command(flatten)]
        instance: InstanceArgs,
    },
    /// Let a deactivated user sign in again
    Activate {
        /// The user name
        name: String,
        #[command(flatten)]
        instance: InstanceArgs,
    },
    /// Make a user an administrator
    MakeAdministrator {
        /// The user name
        name: String,
        #[command(flatten)]
        instance: InstanceArgs,
    },
}

pub(super) async fn user(args: &UserArgs) -> Result<(), Failure> {
    match &args.command {
        UserCommand::ResetPassword { name, instance, auth } => {
            let password = maintenance::reset_password(&instance.database_url()?, name, auth).await?;
            println!("The new password of {name} is {password}");
        }
        UserCommand::Deactivate { name, instance } => {
            maintenance::set_active(&instance.database_url()?, name, false).await?;
            println!("{name} cannot sign in; a server that runs ends what is open within seconds.");
        }
        UserCommand::Activate { name, instance } => {
            maintenance::set_active(&instance.database_url()?, name, true).await?;
            println!("{name} may sign in.");
        }
        UserCommand::MakeAdministrator { name, instance } => {
            maintenance::make_administrator(&instance.database_url()?, name).await?;
            println!("{name} is an administrator; a server that runs knows within seconds.");
        }
    }
    Ok(())
}

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    /// The user name
    name: String,
    /// Label of the token in the user's list
    #[arg(long, default_value = "made at a terminal", value_name = "TEXT")]
    label: String,
    #[command(flatten)]
    instance: InstanceArgs,
}

/// Prints the token alone, for `TOKEN=$(hubbub token ada)`.
pub(super) async fn token(args: &TokenArgs) -> Result<(), Failure> {
    let url = args.instance.database_url()?;
    println!("{}", maintenance::create_token(&url, &args.name, args.label.clone()).await?);
    Ok(())
}
