//! See the module of this name.

#![cfg_attr(feature = "libfuzzer", no_main)]

rookery_fuzz::target!(search);
