//! The binary. All of it is in the library, so that fuzz targets can reach its parsers.

use std::process::ExitCode;

fn main() -> ExitCode {
    rookery_server::main()
}
