//! The mailbox model: the store port, the in-memory engine, snapshots, views, search, delivery.
