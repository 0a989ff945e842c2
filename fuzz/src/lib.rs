//! Fuzz targets: a module for each, whose function `check` takes the octets of a stranger and panics unless a promise is kept.
//!
//! With the feature `libfuzzer`, for which a nightly toolchain is needed, the binaries look for such octets; without it each
//! plays the files that it is given. The tests play all that is known.

pub mod account;
pub mod admin;
pub mod auth;
pub mod command;
pub mod files;
pub mod framer;
pub mod incoming;
pub mod inflate;
pub mod lmtp;
pub mod lmtp_command;
pub mod mime;
pub mod mutf7;
#[cfg(test)]
mod replay;
pub mod response;
pub mod search;
pub mod session;
pub mod text;
pub mod url;

#[cfg(feature = "libfuzzer")]
pub use libfuzzer_sys;

/// The binary of a target.
#[cfg(feature = "libfuzzer")]
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        $crate::libfuzzer_sys::fuzz_target!(|input: &[u8]| $crate::$name::check(input));
    };
}

/// The binary of a target: plays the files that are named on its command line.
#[cfg(not(feature = "libfuzzer"))]
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        fn main() -> std::io::Result<()> {
            std::env::args_os().skip(1).try_for_each(|file| {
                $crate::$name::check(&std::fs::read(file)?);
                Ok(())
            })
        }
    };
}
