//! The IMAP conversation: connection, session, command table, one file per command.
