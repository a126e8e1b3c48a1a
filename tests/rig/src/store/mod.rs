//! A bucket as a client is told of it: its address, its keys, whom to trust.
//! May not live here: servers, and the product's client.

mod witness;

use std::path::PathBuf;

use rand::Rng as _;

pub use witness::{Head, Part, Unfinished, Witness};

use crate::env::Env;
use crate::proxy::Proxy;

/// Access keys. Made for one test, so nothing about them is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    pub id: String,
    pub secret: String,
}

impl Keys {
    pub fn random() -> Keys {
        let mut random = rand::rng();
        let mut letters = |count| (0..count).map(|_| char::from(random.random_range(b'A'..=b'Z'))).collect::<String>();
        Keys { id: format!("RIG{}", letters(17)), secret: letters(40) }
    }
}

/// All that a client must be told to use a bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Such as `http://127.0.0.1:20123`. Path style.
    pub endpoint: String,
    pub region: String,
    pub name: String,
    pub keys: Keys,
    /// For an https endpoint, the file (PEM) with the authority that signed its certificate.
    pub ca: Option<PathBuf>,
}

impl Bucket {
    /// Another bucket of the same store.
    #[must_use]
    pub fn named(&self, name: &str) -> Bucket {
        Bucket { name: name.to_owned(), ..self.clone() }
    }

    /// The same, by way of the proxy, which must lead to this store.
    #[must_use]
    pub fn through(&self, proxy: &Proxy) -> Bucket {
        let scheme = self.endpoint.split("://").next().unwrap_or("http");
        Bucket { endpoint: format!("{scheme}://{}", proxy.address()), ..self.clone() }
    }

    /// `127.0.0.1:20123`, for a [`Proxy`].
    pub fn address(&self) -> &str {
        self.endpoint.split("://").last().unwrap_or(&self.endpoint).trim_end_matches('/')
    }

    /// How AWS's tools, and Rushes, take keys and trust from their environment. Leaves them nothing else to find.
    pub fn env(&self) -> Env {
        let env = Env::new()
            .with("AWS_ACCESS_KEY_ID", &self.keys.id)
            .with("AWS_SECRET_ACCESS_KEY", &self.keys.secret)
            .with("AWS_REGION", &self.region)
            .with("AWS_DEFAULT_REGION", &self.region)
            .with("AWS_EC2_METADATA_DISABLED", "true")
            .with("AWS_CONFIG_FILE", "/dev/null")
            .with("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .without("AWS_SESSION_TOKEN")
            .without("AWS_PROFILE");
        match &self.ca {
            // The second is for programs of Go and of rustls, which then trust nobody else.
            Some(ca) => env.with("AWS_CA_BUNDLE", ca).with("SSL_CERT_FILE", ca),
            None => env,
        }
    }

    /// How `rushesctl` is told of it.
    pub fn options(&self) -> [&str; 6] {
        ["--endpoint", &self.endpoint, "--region", &self.region, "--bucket", &self.name]
    }

    /// A client that is not the product's.
    pub fn witness(&self) -> anyhow::Result<Witness> {
        Witness::new(self)
    }
}
