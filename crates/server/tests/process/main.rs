//! The real binary as a process of its own, on loopback ports that the system chooses.

mod attacks;
mod backup;
mod broken_log;
mod capabilities;
mod check;
mod cli;
mod client;
mod confine;
mod export;
mod failing_disk;
mod flooded_log;
mod full;
mod idle;
mod isolation;
mod kill;
mod memory;
mod names;
mod oversized;
mod privileges;
mod races;
mod read_only;
mod rookery;
mod serve;
mod sessions;
mod tls;
