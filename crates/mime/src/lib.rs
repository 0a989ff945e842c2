//! Message bytes to a tree of byte ranges: envelope, body structure, sections, decoded text.
