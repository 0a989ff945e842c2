//! Small files that people write, read whole.

use crate::limits::MAX_CONFIG_SIZE;
use std::io::{self, Read};
use std::path::Path;

/// The text of a file of at most [`MAX_CONFIG_SIZE`] octets.
///
/// # Errors
/// When it cannot be read, is not UTF-8, or is longer: to read its beginning only would leave out settings.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_CONFIG_SIZE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_CONFIG_SIZE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too long"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_file_that_is_too_long_nothing_is_taken() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let most = usize::try_from(MAX_CONFIG_SIZE).unwrap();
        std::fs::write(file.path(), "#".repeat(most)).unwrap();
        assert_eq!(read(file.path()).unwrap().len(), most);
        std::fs::write(file.path(), "#".repeat(most + 1)).unwrap();
        assert_eq!(read(file.path()).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
