//! The embedded engine, held against the in-memory one, against failing disks, and against damage.

mod accounts;
mod bounds;
mod check;
mod compaction;
mod concurrency;
mod conformance;
mod crash;
mod damage;
mod extremes;
mod files;
mod foreign;
mod format;
mod heard;
mod index;
mod keywords;
mod left_out;
mod misplaced;
mod open_files;
mod oracle;
mod pace;
mod parts;
mod permissions;
mod regain;
mod repair;
mod shifted;
mod slow;
mod squeeze;
mod unheaded;
mod unreadable;
mod workload;

mod power;
