//! SASL mechanisms, password hashes, the directory of accounts, throttling.
