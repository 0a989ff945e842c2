//! Plays dialogs against a server at an address, ours or another.
//!
//! `cargo run -p rookery-testkit --bin dialogs -- --server HOST:PORT --user U --password P
//! [--dialect NAME] [--compress] [--own] FILES...`
//!
//! Every dialog wants a fresh account: `{}` in the user name becomes a number that differs from
//! dialog to dialog. `--compress` switches compression on (RFC 4978) after login. `--own` fails, instead of skipping, where a capability is missing.

use rookery_testkit::dialog::{Connecting, Dialog, Host, Options, Outcome, Stream, run};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::net::TcpStream;

const USAGE: &str = "dialogs --server HOST:PORT --user NAME-{} --password SECRET \
                     [--dialect NAME] [--compress] [--own] FILE-OR-FOLDER...";

struct Remote {
    server: String,
    user: String,
    password: String,
}

impl Host for Remote {
    fn user(&self) -> &str {
        &self.user
    }

    fn password(&self) -> &str {
        &self.password
    }

    fn connect(&self) -> Connecting<'_> {
        Box::pin(async {
            let stream = TcpStream::connect(&self.server).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}

#[derive(Default)]
struct Arguments {
    server: String,
    user: String,
    password: String,
    options: Options,
    files: Vec<PathBuf>,
}

fn arguments() -> Result<Arguments, String> {
    let mut parsed = Arguments::default();
    parsed.options.may_lack = true;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--server" => parsed.server = value()?,
            "--user" => parsed.user = value()?,
            "--password" => parsed.password = value()?,
            "--dialect" => parsed.options.dialect = Some(value()?),
            "--compress" => parsed.options.compress = true,
            "--own" => parsed.options.may_lack = false,
            option if option.starts_with("--") => return Err(format!("unknown option {option}")),
            path => collect(Path::new(path), &mut parsed.files)
                .map_err(|error| format!("{path}: {error}"))?,
        }
    }
    if parsed.server.is_empty() || parsed.files.is_empty() || !parsed.user.contains("{}") {
        return Err("--server, --user with {} in it, and files are needed".into());
    }
    parsed.files.sort();
    Ok(parsed)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in path.read_dir()? {
            collect(&entry?.path(), files)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "dialog") {
        files.push(path.to_owned());
    }
    Ok(())
}

async fn play(arguments: &Arguments, number: usize, path: &Path) -> Result<Outcome, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let dialog = Dialog::parse(path, &text).map_err(|error| error.to_string())?;
    if dialog.header.remembers.is_some() || dialog.header.holds.is_some() {
        let why = "a server elsewhere cannot be told to forget, nor what an account can hold";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    let unique = format!("{}x{number}", std::process::id());
    let host = Remote {
        server: arguments.server.clone(),
        user: arguments.user.replace("{}", &unique),
        password: arguments.password.clone(),
    };
    run(&dialog, &host, &arguments.options).await.map_err(|failure| failure.to_string())
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let (mut passed, mut skipped, mut failed) = (0, 0, 0);
    for (number, path) in arguments.files.iter().enumerate() {
        match play(&arguments, number, path).await {
            Ok(Outcome::Passed) => passed += 1,
            Ok(Outcome::Skipped(reason)) => {
                skipped += 1;
                println!("{}: skipped, {reason}", path.display());
            }
            Err(failure) => {
                failed += 1;
                println!("{}", failure.trim_end());
            }
        }
    }
    println!("{passed} passed, {skipped} skipped, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
