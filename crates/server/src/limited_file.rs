//! Files that people write, read whole as long as they are not too long.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// All octets of a file.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] if there are more than `most`; when they cannot be read.
pub(crate) fn octets(file: &mut File, most: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    if file.metadata()?.len() <= most {
        // It may be growing, or be none that knows its length.
        file.take(most.saturating_add(1)).read_to_end(&mut octets)?;
        if octets.len() as u64 <= most {
            return Ok(octets);
        }
    }
    let message = format!("it is larger than {most} octets");
    Err(io::Error::new(io::ErrorKind::FileTooLarge, message))
}

/// The text of a file of at most so many octets.
///
/// # Errors
/// When it cannot be read, is not UTF-8, or is longer: to read its beginning only would leave out what comes after that.
pub(crate) fn text(path: &Path, most: u64) -> io::Result<String> {
    let octets = octets(&mut File::open(path)?, most)?;
    String::from_utf8(octets).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = 1 + before.iter().filter(|octet| **octet == b'\n').count();
        io::Error::new(io::ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{MAX_CONFIG_SIZE, MAX_PASSWD_FILE};

    #[test]
    fn of_a_file_that_is_too_long_nothing_is_taken() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let most = usize::try_from(MAX_CONFIG_SIZE).unwrap();
        std::fs::write(file.path(), "#".repeat(most)).unwrap();
        let read = |file: &Path| text(file, MAX_CONFIG_SIZE);
        assert_eq!(read(file.path()).unwrap().len(), most);
        std::fs::write(file.path(), "#".repeat(most + 1)).unwrap();
        assert_eq!(read(file.path()).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(Path::new("/dev/zero")).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        File::create(file.path()).unwrap().set_len(MAX_PASSWD_FILE + 1).unwrap();
        assert!(text(file.path(), MAX_PASSWD_FILE).is_err());
        std::fs::write(file.path(), b"ada:x\nbob:\xff\n").unwrap();
        assert_eq!(read(file.path()).unwrap_err().to_string(), "line 2 is not UTF-8");
    }
}
