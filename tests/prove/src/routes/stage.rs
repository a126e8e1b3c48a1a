//! The world with all that serves in it: a store that we did not write in the region, nginx before it under the region's
//! real names, and nginx at the edge under those of acceleration.
//! May not live here: what must come of it.

use std::path::Path;

use anyhow::Result;
use rushes_bench::clips::Clips;
use rushes_bench::link::Namespace;
use rushes_bench::spent::{Spent, run};
use rushes_bench::{Direction, Job, Tool};
use rushes_rig::authority::{self, Certificate};
use rushes_rig::ctl::Rushesctl;
use rushes_rig::env::Env;
use rushes_rig::seaweed::{Seaweed, Wishes};
use rushes_rig::store::{Bucket, Witness};
use rushes_rig::{Scratch, seaweed};
use std::process::Command;
use std::time::Duration;

use super::cloudfront;
use super::front::{Asked, Front, Server};
use super::world::{self, ACCESS_POINT, EDGE, REGION, REGION_FROM_EDGE, SECOND, Terrain, World};
use crate::built;

/// Where the bucket is.
pub const HOME: &str = "eu-west-1";
/// Where it is not.
pub const ELSEWHERE: &str = "us-east-1";
/// Where it is copied to, in rows that have a second region.
pub const REPLICA_HOME: &str = "eu-central-1";
/// A multi-region access point before it.
pub const MULTI_REGION: &str = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap";
pub const MULTI_REGION_HOST: &str = "mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com";
/// The replica's bucket.
pub const REPLICA: &str = "rig-footage-copy";

/// Taken down when dropped.
pub struct Stage {
    edge: Front,
    region: Front,
    pub seaweed: Seaweed,
    pub tls: Certificate,
    pub world: World,
    pub scratch: Scratch,
}

impl Stage {
    /// Blocks.
    pub fn open(terrain: &Terrain) -> Result<Stage> {
        Stage::open_to(terrain, false)
    }

    /// Whoever has no key may read the bucket, if so wished: what CloudFront's own access is to S3.
    pub fn open_to(terrain: &Terrain, all_may_read: bool) -> Result<Stage> {
        let scratch = Scratch::new();
        let bucket = seaweed::BUCKET;
        let regional =
            |region: &str| vec![format!("s3.{region}.amazonaws.com"), format!("{bucket}.s3.{region}.amazonaws.com")];
        let accelerated = format!("{bucket}.s3-accelerate.amazonaws.com");
        let replica = vec![format!("{REPLICA}.s3.{REPLICA_HOME}.amazonaws.com")];
        let names = [
            (REGION, [regional(HOME), regional(ELSEWHERE)].concat()),
            (EDGE, vec![accelerated]),
            (ACCESS_POINT, vec![MULTI_REGION_HOST.to_owned()]),
            (SECOND, replica),
            (world::CLOUDFRONT, vec![cloudfront::DOMAIN.to_owned()]),
            (world::FUNCTION, vec![cloudfront::FUNCTION.to_owned()]),
        ];
        let world = World::up(terrain, &names)?;
        let wildcards = [
            "s3.eu-west-1.amazonaws.com",
            "*.s3.eu-west-1.amazonaws.com",
            "s3.us-east-1.amazonaws.com",
            "*.s3.us-east-1.amazonaws.com",
            "*.s3.eu-central-1.amazonaws.com",
            "*.s3-accelerate.amazonaws.com",
            MULTI_REGION_HOST,
            "*.cloudfront.net",
            "*.lambda-url.eu-west-1.on.aws",
        ];
        let tls = authority::certify_names(&scratch, &wildcards)?;
        let domains = vec![format!("s3.{HOME}.amazonaws.com"), "s3-accelerate.amazonaws.com".to_owned()];
        let wishes = Wishes { domains, all_may_read, ..Wishes::default() };
        let seaweed = world.region.enter_async(async || Seaweed::start_as(&scratch, wishes).await)?;
        let store = seaweed.bucket().address().to_owned();
        let region = Front::start(&scratch, "region", &world.region, &tls, "", &region(&store, true))?;
        let edge = Front::start(&scratch, "edge", &world.edge, &tls, &to_region(), &edge(true))?;
        Ok(Stage { edge, region, seaweed, tls, world, scratch })
    }

    /// The bucket by its region's name, as clients without Rushes' routes are told of it.
    pub fn bucket(&self) -> Bucket {
        Bucket {
            endpoint: format!("https://s3.{HOME}.amazonaws.com"),
            region: HOME.to_owned(),
            ca: Some(self.tls.authority.clone()),
            ..self.seaweed.bucket().clone()
        }
    }

    /// Switches the bucket's acceleration on or off.
    pub fn accelerate(&self, is_on: bool) -> Result<()> {
        self.region.change(&self.tls, "", &region(self.seaweed.bucket().address(), is_on))?;
        self.edge.change(&self.tls, &to_region(), &edge(is_on))
    }

    /// What reached the edge, and the region under its own names.
    pub fn asked(&self) -> Result<(Vec<Asked>, Vec<Asked>)> {
        Ok((self.edge.asked()?, self.region.asked()?))
    }

    /// Looks into the bucket from within the region.
    pub fn witness<T: Send>(&self, look: impl AsyncFnOnce(Witness) -> Result<T> + Send) -> Result<T> {
        self.world.region.enter_async(async || look(self.seaweed.bucket().witness()?).await)
    }

    /// `rushesctl` in the office, with a home of its own.
    pub fn ctl(&self) -> Result<Rushesctl> {
        self.ctl_at(&self.world.office)
    }

    /// The same in another one.
    pub fn ctl_at(&self, office: &Namespace) -> Result<Rushesctl> {
        let folder = self.scratch.fresh("office")?;
        let door = world::door(office, &folder, &built::release("rushesctl"))?;
        let env = self.bucket().env();
        // Where somebody wants to see why a lane was taken; it stands in the scratch folder, which RUSHES_KEEP=1 keeps.
        let env = match std::env::var("RUSHES_LOG") {
            Ok(level) => env.with("RUSHES_LOG", level),
            Err(_) => env,
        };
        Ok(Rushesctl::new(&self.scratch, door)?.with(&env))
    }

    /// Another tool moves the clips once, by the region's own name.
    pub fn peer(
        &self,
        tool: Tool,
        direction: Direction,
        clips: &Clips,
        prefix: &str,
        limit: Duration,
    ) -> Result<Spent> {
        let folder = self.scratch.fresh(&format!("{tool}-{direction}"))?;
        let into = folder.join("into");
        std::fs::create_dir_all(&into)?;
        let bucket = self.bucket();
        let job = Job { direction, bucket: &bucket, prefix, clips, into: &into, folder: &folder };
        let launch = tool.launch(&job)?;
        let mut command = self.world.at_office(Path::new(launch.command.get_program()));
        command.args(launch.command.get_args());
        with_env(&mut command, &launch.command);
        run(command, &launch.env, &folder.join("log"), limit)
    }

    /// What an office needs to know to reach the bucket by all its ways.
    pub fn options(&self) -> Vec<&str> {
        vec!["--bucket", seaweed::BUCKET, "--region", HOME, "--accelerate"]
    }

    pub fn env(&self) -> Env {
        self.bucket().env()
    }
}

fn with_env(command: &mut Command, like: &Command) {
    for (name, value) in like.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(folder) = like.get_current_dir() {
        command.current_dir(folder);
    }
}

/// How the edge reaches the region: a clean way that is kept open.
fn to_region() -> String {
    format!("upstream region {{ server {REGION_FROM_EDGE}:8080; keepalive 64; }}")
}

fn region(store: &str, is_on: bool) -> Vec<Server> {
    let state = if is_on { "Enabled" } else { "Suspended" };
    let says = format!(
        r#"<AccelerateConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>{state}</Status></AccelerateConfiguration>"#
    );
    let to_store = format!("proxy_pass http://{store};");
    let elsewhere = format!(
        "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region \
         {ELSEWHERE} is wrong; expecting {HOME}</Message><Region>{HOME}</Region></Error>"
    );
    vec![
        Server {
            names: vec![format!("s3.{HOME}.amazonaws.com"), format!("*.s3.{HOME}.amazonaws.com")],
            listen: vec![format!("{REGION}:443 ssl")],
            body: format!(
                "default_type application/xml; location / {{ if ($args ~ \"^accelerate\") {{ return 200 '{says}'; }} {to_store} }}"
            ),
        },
        Server {
            names: vec![format!("s3.{ELSEWHERE}.amazonaws.com"), format!("*.s3.{ELSEWHERE}.amazonaws.com")],
            listen: vec![format!("{REGION}:443 ssl")],
            body: format!(
                "default_type application/xml; location / {{ add_header x-amz-bucket-region {HOME} always; \
                 return 400 '{elsewhere}'; }}"
            ),
        },
        Server {
            names: vec!["_".to_owned()],
            listen: vec![format!("{REGION_FROM_EDGE}:8080 default_server")],
            body: format!("location / {{ {to_store} }}"),
        },
    ]
}

fn edge(is_on: bool) -> Vec<Server> {
    let off = "<Error><Code>InvalidRequest</Code><Message>S3 Transfer Acceleration is disabled on this bucket</Message></Error>";
    vec![Server {
        names: vec!["*.s3-accelerate.amazonaws.com".to_owned()],
        listen: vec![format!("{EDGE}:443 ssl")],
        body: match is_on {
            true => "location / { proxy_pass http://region; }".to_owned(),
            false => format!("default_type application/xml; location / {{ return 400 '{off}'; }}"),
        },
    }]
}
