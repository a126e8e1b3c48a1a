//! CloudFront, which reads for us from the edge next door: policies, signatures, where both stand in an address or a cookie
//! (`policy`, `sign`; pure), who signs (`signer`, `grant`), and the ranges that come (`edge`), with what is said where they
//! do not (`refusal`). Written from "Serve private content with signed URLs and signed cookies" of CloudFront's developer
//! guide. May not live here: when an edge is asked at all, which is the lanes' matter.

mod edge;
mod grant;
mod policy;
mod refusal;
mod sign;
mod signer;
#[cfg(test)]
mod tests;

pub(crate) use edge::Edge;
pub(crate) use grant::granted;
pub use policy::{Policy, resource};
pub use sign::{Hash, KeyPair, Signed, SignedUrl};
