//! Who may log in: names of accounts, SASL mechanisms, password hashes, the port to a directory of accounts, throttling.
//!
//! Nothing in here opens a socket, waits or reads a clock: instants are handed in, and slow work
//! ([`password::verify`]) is for the caller to put on a thread that may be kept busy.

mod account_name;
mod directory;
pub mod limits;
pub mod password;
pub mod sasl;
mod secret;
pub mod throttle;
mod verified;

pub use account_name::{AccountName, BadAccountName};
pub use directory::{Denied, Directory, Login, LoginReply, StaticDirectory};
pub use secret::Secret;
pub use verified::VerifiedPasswords;
