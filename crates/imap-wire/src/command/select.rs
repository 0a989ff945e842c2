//! `SELECT` and `EXAMINE` (RFC 9051 §6.3.2), with parameters (RFC 4466 §2.1).

/// A parameter of SELECT or EXAMINE.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SelectParameter {
    /// One that is not known, by its name in capitals; to be refused.
    Other(String),
}
