//! The embedded engine: an append-only log of plain files per account.
