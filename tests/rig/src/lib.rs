//! What Rushes' tests and proofs stand on: everything outside the product that a producer's day is made of, small and
//! on one computer. Each room works by itself; a test takes what it needs:
//!
//! - things: [`scratch`] a folder, [`footage`] files in it, [`pypi`] and [`npm`] programs of others;
//! - stores: [`seaweed`], which we did not write, and [`practice`], which we did; both give a [`store::Bucket`], and
//!   [`store::Witness`] looks into it with a client that is not the product's;
//! - [`trap`]: addresses that count who asks them, though nobody should;
//! - [`mutate`]: inputs that mean harm, made from those that do not;
//! - the way there: [`proxy`], a link that can be cut, stalled, slowed and robbed of an answer; [`forward`], a proxy as
//!   agencies have them, which we did not write;
//! - the user: [`desktop`] with its [`keychain`], the app's [`window`] on it, files [`drag`]ged there; or [`ctl`], the
//!   command line, also as [`kills`] treats it.
//!
//! Rules of the house:
//!
//! - Everything is on loopback, on ports of its own, under the system's temporary folder, so that tests run at once.
//! - Whoever starts something holds it: dropped, it is dead and gone, with all it started. When the test itself is
//!   killed, the warden in [`child`] sees to it.
//! - Nobody sleeps for luck: [`wait`] asks until it is so, up to a deadline, and says what it waited for.
//! - A child's output is in the scratch folder, its end in the error when the child does not do what it should.
//!   `RUSHES_KEEP=1` keeps the scratch folders.
//!
//! May not live here: anything of the engine. The rig drives from outside, as its users do. Made for Linux.

pub mod authority;
pub mod child;
pub mod ctl;
pub mod desktop;
pub mod drag;
pub mod env;
pub mod footage;
pub mod forward;
pub mod keychain;
pub mod kills;
pub mod mutate;
pub mod npm;
pub mod ports;
pub mod practice;
pub mod proxy;
pub mod pypi;
mod runtime;
pub mod scratch;
pub mod seaweed;
pub mod store;
pub mod trap;
pub mod wait;
pub mod warden;
pub mod window;
mod workspace;

pub use scratch::Scratch;
pub use wait::until;
