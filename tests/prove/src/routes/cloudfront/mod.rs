//! CloudFront's part of the world. No server here runs CloudFront: an nginx that caches by slices stands in for an edge, and
//! a small server of ours for its front door, which asks for a signature (`verifier`); another for the agency's function
//! that grants one (`grant`). What they hold to is CloudFront's developer guide, not CloudFront.

pub mod caches;
mod crosscheck;
mod door;
mod edge;
pub mod grant;
mod keys;
mod second;
pub mod signatures;
mod stand_in;
mod verdict;
pub mod verifier;

/// The distribution.
pub const DOMAIN: &str = "d111111abcdef8.cloudfront.net";
/// The grant function's address at AWS.
pub const FUNCTION: &str = "abc123.lambda-url.eu-west-1.on.aws";
