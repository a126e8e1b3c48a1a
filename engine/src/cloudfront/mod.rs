//! Signed addresses of a CloudFront distribution: policies, signatures, and where both stand in an address or a cookie.
//! Pure. Written from "Serve private content with signed URLs and signed cookies" of CloudFront's developer guide.
//! Who signs is `signer`'s; what is fetched with it, a lane's.

mod policy;
mod sign;
#[cfg(test)]
mod tests;

pub use policy::{Policy, resource};
pub use sign::{Hash, KeyPair, Signed};
