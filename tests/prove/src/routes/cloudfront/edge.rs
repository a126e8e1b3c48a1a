//! A cache of CloudFront's, as nginx can be one: it asks the origin for slices, keeps them, and answers ranges out of them.
//! An edge has the front door before it; a shield, which only edges ask, has not.
//! May not live here: which networks they stand in.

use std::net::IpAddr;

use anyhow::Result;
use rushes_bench::link::Namespace;
use rushes_rig::child::Child;
use rushes_rig::seaweed;

use super::keys::Pair;
use super::verifier;
use crate::routes::front::{Asked, Front, Server};
use crate::routes::stage::Stage;

/// How the region's own log names what CloudFront fetches.
pub const ORIGIN: &str = "cloudfront-origin";
/// Where a shield, and the region, are asked by those behind them.
const BACK: u16 = 8080;

/// What a cache does when its slices are not at hand.
#[derive(Clone, Copy, Debug)]
pub enum Behind {
    /// The bucket, which lets CloudFront read it.
    Region(IpAddr),
    Shield(IpAddr),
}

/// Whether it does as it should.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Manner {
    Ranges,
    /// Whoever asks for a range is answered with 200 and all of it.
    WholeBodies,
}

/// Serves until dropped.
pub struct Edge {
    front: Front,
    _door: Child,
}

impl Edge {
    /// `group` is its distribution's key group.
    pub fn start(
        stage: &Stage,
        network: &Namespace,
        address: IpAddr,
        behind: Behind,
        manner: Manner,
        group: &[&Pair],
    ) -> Result<Edge> {
        let door = verifier::start(network, &stage.scratch.fresh("front-door")?, group)?;
        let http =
            format!("{} upstream front-door {{ server {}; keepalive 16; }}", cache(stage, behind)?, verifier::LISTENS);
        let server = Server {
            names: vec!["*.cloudfront.net".to_owned()],
            listen: vec![format!("{address}:443 ssl")],
            body: format!("{DOOR} location / {{ {ASKS} {} }}", served(behind, manner)),
        };
        let front = Front::start(&stage.scratch, "cloudfront", network, &stage.tls, &http, &[server])?;
        Ok(Edge { front, _door: door })
    }

    /// What it was asked for, and what it sent.
    pub fn asked(&self) -> Result<Vec<Asked>> {
        self.front.asked()
    }

    /// Bytes of clips that it has sent to offices.
    pub fn sent(&self) -> Result<u64> {
        let all = self.asked()?;
        Ok(all.iter().filter(|asked| matches!(asked.status, 200 | 206)).map(|asked| asked.sent).sum())
    }
}

/// A cache between edges and the region.
pub fn shield(stage: &Stage, network: &Namespace, addresses: &[IpAddr], region: IpAddr) -> Result<Front> {
    let behind = Behind::Region(region);
    let server = Server {
        names: vec!["_".to_owned()],
        listen: addresses.iter().map(|address| format!("{address}:{BACK}")).collect(),
        body: format!("location / {{ {} }}", served(behind, Manner::Ranges)),
    };
    Front::start(&stage.scratch, "shield", network, &stage.tls, &cache(stage, behind)?, &[server])
}

/// The question about each request, and CloudFront's answer where it is no. As with CloudFront's managed policy for caches,
/// nothing that stands behind an address is a part of the cache's key, or reaches the origin.
const DOOR: &str = r#"
set $args "";
location = /.front-door {
  internal; proxy_pass http://front-door/; proxy_method GET; proxy_pass_request_body off;
  proxy_set_header Content-Length ""; proxy_set_header Connection ""; proxy_set_header Host front-door;
  proxy_set_header X-Asked-Address $scheme://$http_host$request_uri; proxy_set_header X-Asked-By $remote_addr;
}
location @refused {
  default_type application/xml;
  return 403 '<?xml version="1.0" encoding="UTF-8"?><Error><Code>$refused</Code><Message>$why</Message></Error>';
}
"#;
const ASKS: &str = "auth_request /.front-door; auth_request_set $refused $upstream_http_x_refused_code; \
                    auth_request_set $why $upstream_http_x_refused_message; error_page 403 @refused;";

fn cache(stage: &Stage, behind: Behind) -> Result<String> {
    let (Behind::Region(origin) | Behind::Shield(origin)) = behind;
    let folder = stage.scratch.fresh("cache")?;
    Ok(format!(
        "upstream {ORIGIN} {{ server {origin}:{BACK}; keepalive 64; }} \
         proxy_cache_path {} levels=1:2 keys_zone=clips:16m max_size=8g inactive=1h use_temp_path=off; \
         map $upstream_cache_status $seen {{ HIT 'Hit from cloudfront'; default 'Miss from cloudfront'; }}",
        folder.display()
    ))
}

fn served(behind: Behind, manner: Manner) -> String {
    let prefix = match behind {
        Behind::Region(_) => format!("{}/", seaweed::BUCKET),
        Behind::Shield(_) => String::new(),
    };
    let how = match manner {
        Manner::Ranges => {
            "slice 1m; proxy_cache clips; proxy_cache_key $uri$slice_range; proxy_cache_valid 200 206 1h; \
             proxy_cache_lock on; proxy_buffering on; proxy_buffers 16 64k; proxy_set_header Range $slice_range;"
        }
        Manner::WholeBodies => "max_ranges 0; proxy_set_header Range '';",
    };
    // What clients sign and tell is for the front door; S3 is asked by CloudFront.
    format!(
        "{how} proxy_set_header Host $proxy_host; proxy_set_header Connection ''; proxy_set_header Cookie ''; \
         proxy_set_header Authorization ''; add_header X-Cache $seen always; proxy_pass http://{ORIGIN}/{prefix};"
    )
}
