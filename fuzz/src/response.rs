//! A response that was read can be printed, is read back, and is printed as the same.

use rookery_imap_wire::Response;

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    match Response::parse(input) {
        Err(error) => assert!(error.offset <= input.len()),
        Ok(response) => {
            let mut printed = Vec::new();
            response.print(&mut printed);
            let shown = String::from_utf8_lossy(&printed);
            let again = Response::parse(&printed);
            let again = again.unwrap_or_else(|error| panic!("{error:?} in {shown:?}"));
            let mut twice = Vec::new();
            again.print(&mut twice);
            assert!(twice == printed, "{shown:?}, then {:?}", String::from_utf8_lossy(&twice));
        }
    }
}
