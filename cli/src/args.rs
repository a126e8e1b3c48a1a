//! What `rushesctl` is told: verbs and options. Options for all verbs stand before or after them.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use rushes_engine::rights::Role;

/// Rushes without a display: the same engine as the window's, for ingest boxes and scripts.
///
/// Exit status: 0 if all that was asked for is done and proved, 2 for a usage error, 1 otherwise.
#[derive(Debug, Parser)]
#[command(name = "rushesctl", version, about, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub place: Bucket,
    /// One JSON object a line, of the types that the window gets
    #[arg(long, global = true)]
    pub json: bool,
    /// Seconds to wait for a lost network or store before giving up; what was sent is kept
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 300)]
    pub patience: u64,
    #[command(subcommand)]
    pub verb: Verb,
}

/// Which bucket: a named profile, or one described here with keys from the AWS environment variables.
#[derive(Clone, Debug, Args)]
pub struct Bucket {
    /// A newsroom's profile; without it, the one in use
    #[arg(long, global = true, value_name = "NAME", conflicts_with_all = ["endpoint", "region", "bucket"])]
    pub profile: Option<String>,
    /// Address of an S3-compatible store; without it, AWS
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint: Option<String>,
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    #[arg(long, global = true, value_name = "BUCKET")]
    pub bucket: Option<String>,
    #[command(flatten)]
    pub ways: Ways,
}

impl Bucket {
    /// Not a newsroom's, but one of this command.
    pub fn is_described(&self) -> bool {
        self.bucket.is_some() || self.endpoint.is_some() || self.region.is_some()
    }
}

/// The ways to a described bucket, or to one that is added.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Ways to the bucket")]
pub struct Ways {
    /// S3 Transfer Acceleration
    #[arg(long, global = true)]
    pub accelerate: bool,
    /// AWS's names that have IPv6 addresses too
    #[arg(long, global = true)]
    pub dual_stack: bool,
    /// Name the bucket before the endpoint's host, not in the path
    #[arg(long, global = true)]
    pub host_style: bool,
    /// An interface endpoint, reached by Direct Connect or VPN
    #[arg(long, global = true, value_name = "URL")]
    pub private_link: Option<String>,
    /// A multi-region access point
    #[arg(long, global = true, value_name = "ARN")]
    pub multi_region: Option<String>,
    /// A CloudFront distribution in front of the bucket, for downloads
    #[arg(long, global = true, value_name = "DOMAIN")]
    pub cloudfront: Option<String>,
    /// Who signs its addresses: nobody, grant:URL of the agency's grant function, or pair:ID of a key pair, whose private
    /// key in PEM is taken from RUSHES_CLOUDFRONT_KEY
    #[arg(long, global = true, value_name = "SIGNER", default_value = "nobody", requires = "cloudfront")]
    pub cloudfront_signer: String,
    /// A second bucket that this one is replicated to, such as footage-us@us-east-1
    #[arg(long, global = true, value_name = "BUCKET@REGION")]
    pub replica: Option<String>,
    /// The replica's address, where it is not AWS's
    #[arg(long, global = true, value_name = "URL", requires = "replica")]
    pub replica_endpoint: Option<String>,
    /// The replica copies back, and takes uploads while the bucket's region is down
    #[arg(long, global = true, requires = "replica")]
    pub replica_takes_uploads: bool,
    /// All parts of an upload by one way
    #[arg(long, global = true)]
    pub one_way_uploads: bool,
}

impl Cli {
    /// What clap cannot tell: ways are of a bucket that is described or added. Those of a newsroom are IT's.
    pub fn checked(self) -> Result<Cli, clap::Error> {
        let is_of_newsroom = !self.place.is_described() && !matches!(self.verb, Verb::Profile(ProfileVerb::Add { .. }));
        if is_of_newsroom && self.place.ways.are_some() {
            let sentence = "Ways to the bucket are said with --bucket, or of a newsroom by `profile add`. A newsroom's own \
                            are taken as they were added.";
            return Err(Cli::command().error(ErrorKind::ArgumentConflict, sentence));
        }
        Ok(self)
    }
}

impl Ways {
    fn are_some(&self) -> bool {
        let flags =
            [self.accelerate, self.dual_stack, self.host_style, self.replica_takes_uploads, self.one_way_uploads];
        let named = [&self.private_link, &self.multi_region, &self.cloudfront, &self.replica, &self.replica_endpoint];
        flags.contains(&true) || named.iter().any(|named| named.is_some())
    }
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Send files and folders. Again after a stop, it goes on where it was
    Put {
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Put them under this prefix, under their own names, instead of by the profile's key template
        #[arg(long, value_name = "PREFIX")]
        to: Option<String>,
        /// For the key template
        #[arg(long, default_value = "", conflicts_with = "to")]
        slug: String,
        /// For the key template
        #[arg(long, default_value = "", conflicts_with = "to")]
        story: String,
        /// For the key template
        #[arg(long, default_value = "", conflicts_with = "to")]
        desk: String,
        /// Let them have everything, at once
        #[arg(long)]
        breaking: bool,
        /// They must land by this time of day, such as 18:00, in the newsroom's time zone
        #[arg(long, value_name = "TIME")]
        by: Option<String>,
        /// They are recordings that are written still: send them meanwhile, to their end
        #[arg(long)]
        growing: bool,
    },
    /// Fetch objects. Nothing that is there is overwritten
    Get {
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
        /// The folder to fetch into
        #[arg(long, value_name = "DIR", default_value = ".")]
        into: PathBuf,
    },
    /// List objects. Keys that are spread are listed as one tree, whatever folder each was spread to
    Ls {
        #[arg(value_name = "PREFIX", default_value = "")]
        prefix: String,
    },
    /// List transfers
    Transfers,
    /// Read a card that was sent again, compare it with the bucket, and write its receipt: a hash list of ASC MHL
    Receipt {
        /// As `transfers` names it; it must have come as one folder
        #[arg(value_name = "BATCH")]
        batch: i64,
    },
    /// Ask the bucket whether it still holds what a receipt says, without downloading
    Verify {
        /// A receipt (.mhl), or a folder with an ascmhl folder in it
        #[arg(value_name = "RECEIPT")]
        receipt: PathBuf,
        /// Also read the files beside the receipt again
        #[arg(long)]
        files: bool,
    },
    /// Pause transfers; what was sent is kept
    Pause(Ids),
    /// Go on with paused transfers, to their end
    Resume(Ids),
    /// Give transfers up; nothing of them stays in the bucket
    Cancel(Ids),
    /// Try failed or waiting transfers again, to their end
    Retry(Ids),
    /// Mark transfers breaking: they take everything as it frees
    Breaking {
        #[command(flatten)]
        ids: Ids,
        /// They are breaking no more
        #[arg(long)]
        off: bool,
    },
    /// Give a transfer a deadline
    Deadline {
        #[arg(value_name = "ID")]
        id: i64,
        /// A time of day such as 18:00, the next one in the newsroom's time zone; or "none"
        #[arg(value_name = "TIME")]
        by: String,
    },
    /// How much of the link may be used
    #[command(subcommand)]
    Limit(LimitVerb),
    /// Watch folders, whose footage goes up by itself once it is whole: without more words all of them, until interrupted
    Watch {
        /// Watch from now on whenever this user is logged on, without a window
        #[arg(long, conflicts_with = "uninstall")]
        install: bool,
        /// No more
        #[arg(long)]
        uninstall: bool,
        #[command(subcommand)]
        verb: Option<WatchVerb>,
    },
    /// The ways to the bucket, over each network: what each carries, costs, and why one is closed
    Routes {
        /// Compare them now: a small download over one after the other. Refused while transfers are on their way
        #[arg(long)]
        test: bool,
    },
    /// Newsrooms: their buckets and how they are reached
    #[command(subcommand)]
    Profile(ProfileVerb),
    /// Sign in to a newsroom (again): in a browser, with the code of an MFA device, or with new access keys
    SignIn {
        /// Without it, the one in use
        name: Option<String>,
    },
    /// Take all that is kept of a newsroom's keys from this computer. The newsroom stays
    SignOut {
        /// Without it, the one in use
        name: Option<String>,
    },
    /// Show what support needs to know, in full: no secret, and marks in the place of clips' names. With --into, keep it
    Support {
        /// The folder to keep it in, as a zip
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
    /// Serve the practice newsroom's bucket for any S3 client, until interrupted
    Practice {
        /// Print its keys and nothing else
        #[arg(long)]
        print_keys: bool,
    },
}

/// How whoever uses a newsroom is known to it. Without any of these: access keys, from the AWS environment variables or asked
/// for.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Ways in")]
pub struct WayIn {
    /// IAM Identity Center's start page: somebody signs in in a browser
    #[arg(long, value_name = "URL", conflicts_with_all = ["aws_profile", "assume_role", "computer"])]
    pub identity_center: Option<String>,
    /// Its region; without it, the bucket's
    #[arg(long, value_name = "REGION", requires = "identity_center")]
    pub identity_center_region: Option<String>,
    /// The account to work in; without it, the only one, or one that is asked for
    #[arg(long, value_name = "DIGITS", requires = "identity_center")]
    pub account: Option<String>,
    /// The role to have there; without it, the only one, or one that is asked for
    #[arg(long, value_name = "NAME", requires = "identity_center")]
    pub role: Option<String>,
    /// A profile of the AWS tools on this computer, read whenever keys are needed and never copied
    #[arg(long, value_name = "NAME", conflicts_with_all = ["assume_role", "computer"])]
    pub aws_profile: Option<String>,
    /// A role to assume, with access keys or with --computer
    #[arg(long, value_name = "ARN")]
    pub assume_role: Option<String>,
    /// What the role's owner asks for
    #[arg(long, value_name = "ID", requires = "assume_role")]
    pub external_id: Option<String>,
    /// The MFA device that the role asks for, by its ARN or serial number; its code is asked for
    #[arg(long, value_name = "SERIAL", requires = "assume_role", conflicts_with = "computer")]
    pub mfa: Option<String>,
    /// The role of the container or cloud instance that this computer is
    #[arg(long)]
    pub computer: bool,
}

#[derive(Debug, Args)]
pub struct Ids {
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<i64>,
}

#[derive(Debug, Subcommand)]
pub enum WatchVerb {
    /// Watch a folder, or watch one that is watched with other settings
    Add(WatchAdd),
    /// List them
    List,
    /// Watch one no more. What was sent from it stays known
    Remove {
        /// The folder, or its number
        #[arg(value_name = "PATH")]
        folder: String,
    },
}

#[derive(Debug, Args)]
pub struct WatchAdd {
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Only these, by name or by place within the folder, such as *.mxf or CLIP/**; may be said more than once
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,
    /// Not these
    #[arg(long, value_name = "GLOB")]
    pub except: Vec<String>,
    /// What happens to a file once it is in the bucket; deleted only when the whole is proved
    #[arg(long, value_enum, default_value = "leave")]
    pub afterwards: After,
    /// What comes from it goes before all else
    #[arg(long)]
    pub breaking: bool,
    /// Megabits a second for all that goes up from it
    #[arg(long, value_name = "MBITS")]
    pub limit: Option<f64>,
    /// How keys are made; without it, the newsroom's own way
    #[arg(long, value_name = "TEMPLATE")]
    pub key_template: Option<String>,
    /// Recordings go up while they are shot
    #[arg(long)]
    pub while_shot: bool,
    /// How long a file must be the same where nobody can tell who writes it, as on a network drive
    #[arg(long, value_name = "SECONDS")]
    pub quiet: Option<u32>,
    /// For the key template
    #[arg(long, default_value = "")]
    pub slug: String,
    /// For the key template
    #[arg(long, default_value = "")]
    pub story: String,
    /// For the key template
    #[arg(long, default_value = "")]
    pub desk: String,
    /// Keep it, and do not watch it now
    #[arg(long)]
    pub stopped: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum After {
    Leave,
    /// Into the folder "Sent" in it
    Move,
    Delete,
}

#[derive(Debug, Subcommand)]
pub enum LimitVerb {
    /// What was set, and what holds now
    Show,
    /// Set a limit, or a line of the schedule. Of all that apply at a moment, the lowest figure counts
    #[command(group = clap::ArgGroup::new("figure").required(true).multiple(true))]
    Set {
        /// Megabits a second for uploads
        #[arg(long, value_name = "MBITS", group = "figure")]
        up: Option<f64>,
        /// Megabits a second for downloads
        #[arg(long, value_name = "MBITS", group = "figure")]
        down: Option<f64>,
        /// Only from this time of day on, such as 08:00
        #[arg(long, value_name = "TIME", requires = "to")]
        from: Option<String>,
        /// Only until this time of day, such as 18:00; 24:00 is midnight
        #[arg(long, value_name = "TIME", requires = "from")]
        to: Option<String>,
        /// Only on these days, such as mon-fri or sat,sun
        #[arg(long, value_name = "DAYS", requires = "from")]
        days: Option<String>,
        /// Only on the network interface of this name
        #[arg(long, value_name = "NAME")]
        uplink: Option<String>,
    },
    /// A network interface that somebody pays for by the byte: only breaking clips go through it
    Metered {
        #[arg(value_name = "NAME")]
        uplink: String,
        /// Everything goes through it again
        #[arg(long)]
        off: bool,
    },
    /// Take all limits away, or those of one uplink
    Clear {
        /// Only those of the network interface of this name
        #[arg(long, value_name = "NAME")]
        uplink: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ProfileVerb {
    /// List them
    List,
    /// Add or change one, with --bucket, --region and --endpoint. Keys are taken from the AWS environment variables, or
    /// asked for, and kept in the keychain
    Add {
        name: String,
        /// The office that this computer belongs to
        #[arg(long, default_value = "")]
        bureau: String,
        /// How keys are made, such as {bureau}/{date}/{slug}/{name}. Also: year, month, day, time, hour, story, desk; what the
        /// clip says of itself: timecode, camera, codec; and {spread:16} after {bureau}, which makes sixteen folders of one
        /// for S3's sake
        #[arg(long, default_value = "{name}")]
        template: String,
        /// The newsroom's time zone, such as Europe/Zurich; without it, this computer's
        #[arg(long, value_name = "ZONE")]
        zone: Option<String>,
        #[command(flatten)]
        way_in: WayIn,
    },
    /// Give one another name. Its keys, transfers and watch folders go with it
    Rename { from: String, to: String },
    /// Write a newsroom's file, NAME.rushes, for others to open. It holds no secret
    Export {
        name: String,
        /// Where to; without it, NAME.rushes here
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Print a link that holds the file instead
        #[arg(long, conflicts_with = "to")]
        link: bool,
    },
    /// Show a newsroom's file, or a rushes:// link, and take it over once it is trusted. No bucket is asked
    Import {
        file: PathBuf,
        /// For scripts: trust exactly the file with this hash
        #[arg(long, value_name = "HASH")]
        yes_sha256: Option<String>,
        /// With --yes-sha256: credentials that this computer has already may be used at this address of it
        #[arg(long, value_name = "ADDRESS", requires = "yes_sha256")]
        confirm: Vec<String>,
    },
    /// Make one the profile in use
    Use { name: String },
    /// Remove one, and its keys from the keychain
    Remove { name: String },
    /// The IAM policies that its people need, and no more than they need: a reporter's, an editor's, an ingest box's and
    /// IT's. Of a newsroom, or of a bucket that is described with --bucket and --region
    Policies(Policies),
}

#[derive(Debug, Args)]
pub struct Policies {
    /// The newsroom; without it, the one in use
    #[arg(conflicts_with_all = ["bucket", "endpoint", "region", "profile"])]
    pub name: Option<String>,
    /// This one alone
    #[arg(long, value_enum)]
    pub role: Option<RoleName>,
    /// Write them into this folder, a file for each, in place of printing them
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
    /// The office that they are for; without it, the newsroom's own
    #[arg(long, value_name = "NAME")]
    pub bureau: Option<String>,
    /// How keys are made, such as {bureau}/{date}/{slug}/{name}; without it, the newsroom's own
    #[arg(long, value_name = "TEMPLATE")]
    pub template: Option<String>,
    /// Reporters neither list nor read what other bureaus sent
    #[arg(long)]
    pub own_bureau_only: bool,
    /// The function that signs for CloudFront: its URL does not tell which one it is
    #[arg(long, value_name = "ARN")]
    pub grant_function: Option<String>,
    /// A key of the agency's own that the bucket is encrypted with; may be said more than once
    #[arg(long, value_name = "ARN")]
    pub kms_key: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RoleName {
    Reporter,
    Editor,
    Ingest,
    It,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Role {
        match name {
            RoleName::Reporter => Role::Reporter,
            RoleName::Editor => Role::Editor,
            RoleName::Ingest => Role::Ingest,
            RoleName::It => Role::It,
        }
    }
}
