//! IMAP bytes to values and back: framing, commands, responses, modified UTF-7.
