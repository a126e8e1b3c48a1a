//! The practice newsroom against a real client, over HTTP: one test file for each topic.

mod buckets;
mod checksums;
mod common;
mod conditions;
mod keys;
mod lists;
mod multipart;
mod objects;
mod processes;
mod reads;
mod serving;
mod signatures;
mod wire;
