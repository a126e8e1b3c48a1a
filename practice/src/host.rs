//! Host names: which of them carry the name of a bucket.
//! May not live here: addresses (only loopback is listened on).

use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};

/// What may follow the bucket's name; the longer first. Browsers and most resolvers take any name under `localhost`
/// to be this computer.
const DOMAINS: [&str; 2] = ["s3.localhost", "localhost"];

/// `bucket.s3.localhost` and `bucket.localhost` name a bucket. All other hosts are path style: also those by which a
/// proxy in front may be known.
pub(crate) struct Localhost;

impl S3Host for Localhost {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = host.rsplit_once(':').map_or(host, |(name, _port)| name).to_ascii_lowercase();
        let bucket = DOMAINS.iter().find_map(|domain| {
            if name == *domain { Some(None) } else { Some(name.strip_suffix(domain)?.strip_suffix('.')) }
        });
        let host = VirtualHost::new(host);
        Ok(match bucket.flatten() {
            Some(bucket) => host.with_bucket(bucket.to_owned()),
            None => host,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_under_localhost_carry_the_bucket_and_others_do_not() {
        for (host, bucket) in [
            ("localhost:9000", None),
            ("s3.localhost", None),
            ("clips.localhost:9000", Some("clips")),
            ("clips.s3.localhost:9000", Some("clips")),
            ("Clips.S3.LocalHost", Some("clips")),
            ("my.dotted.bucket.s3.localhost", Some("my.dotted.bucket")),
            ("notlocalhost", None),
            ("proxy.example:8080", None),
        ] {
            let parsed = Localhost.parse_host_header(host).map(|vh| vh.bucket().map(ToOwned::to_owned));
            assert_eq!(parsed.ok().flatten().as_deref(), bucket, "{host}");
        }
    }
}
