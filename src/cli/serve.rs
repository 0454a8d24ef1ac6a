//! `hubbub serve`: runs the server until it is told to stop.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

use crate::app::{Application, Reloader};
use crate::config::{LogFormat, ServeConfig, listener_warning};
use crate::telemetry;

/// Runs the server.
/// `unknown_variables` are sentences about variables of the environment that no setting has.
pub(super) fn serve(config: ServeConfig, unknown_variables: &[String]) -> ExitCode {
    if let Err(error) = telemetry::init(config.log_format == LogFormat::Json) {
        eprintln!("hubbub: {error}");
        return ExitCode::from(2);
    }
    for sentence in config.warnings().iter().chain(unknown_variables) {
        warn!("{sentence}");
    }
    actix_web::rt::System::new().block_on(async move {
        let application = match Application::build(config).await {
            Ok(application) => application,
            Err(error) => {
                eprintln!("hubbub: {error}");
                return ExitCode::FAILURE;
            }
        };
        if let Some(sentence) = listener_warning(application.address()) {
            warn!("{sentence}");
        }
        greet(&application);
        if let Some(reloader) = application.reloader() {
            actix_web::rt::spawn(reload_on_hangup(reloader));
        }
        match application.run_until(stop_signal()).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                error!(%error, "the server ended");
                ExitCode::FAILURE
            }
        }
    })
}

/// Says on standard output what a person who has just started the server wants to know; logs go to standard error.
fn greet(application: &Application) {
    let url = format!("http://{}", application.address());
    match application.demo() {
        None => println!("Hubbub is at {url}"),
        Some(demo) => {
            println!("Hubbub's demo is at {url}\n");
            for person in demo.people() {
                println!("  enter as {:<8} password {}   ({})", person.username, person.password, person.name);
            }
            println!("\nPost from another terminal, and watch it appear:\n\n{}\n", demo.curl_line(&url));
        }
    }
}

/// Reads the file of apps again whenever the process gets SIGHUP; ends with the process.
async fn reload_on_hangup(reloader: Reloader) {
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => return error!(%error, "SIGHUP cannot be heard"),
    };
    while hangup.recv().await.is_some() {
        match reloader.reload() {
            Ok(()) => info!("the apps were read again"),
            Err(error) => error!(%error, "the apps stay as they are"),
        }
    }
}

/// Completes on Ctrl-C, or when a service manager asks the process to end.
async fn stop_signal() {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(error) => {
                error!(%error, "SIGTERM cannot be heard");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
