//! The rig itself, each room shown to work on this machine, so that a proof that fails is known not to fail for its
//! sake. One program, because linking takes longer than most of these tests.

mod ctl;
mod ends;
mod link;
mod stores;
mod things;
mod user;
