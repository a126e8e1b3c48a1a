//! Keys spread over prefixes: how evenly, what still covers a bureau, and that they are browsed as one tree.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use rushes_engine::cloudfront::Policy;
use rushes_engine::keys::{Facts, Fields, Recorded, Spread, Template, When};
use rushes_rig::Scratch;
use rushes_rig::ctl::Rushesctl;
use rushes_rig::keychain::Keychain;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::Witness;
use serde_json::json;
use tokio::task::{JoinSet, spawn_blocking};

use super::Goals;
use crate::built;
use crate::evidence::Shown;

/// The second begins as the first does, and is not covered by what covers that.
const BUREAUS: [&str; 4] = ["Nairobi", "Nairobi2", "Lagos", "Kyiv"];
const SLUGS: [&str; 6] = ["Market fire", "Election", "", "Harbour expansion", "Cup final", "Budget"];
const ENDINGS: [&str; 3] = ["mxf", "mp4", "mov"];
/// Real objects, of the million keys.
const REAL: usize = 3_000;
/// And from before keys were spread.
const OLD: usize = 150;
/// More claims than are listed at a time.
const CLAIMS: usize = 1_050;
const AT_ONCE: usize = 24;

pub async fn row(goals: &Goals) -> Result<Shown> {
    let (count, over, off) = (goals.keys, goals.spread, goals.share_off);
    let made = spawn_blocking(move || made(count, over)).await??;
    let worst = made.worst();
    let browsed = browsed(over, &made.some).await?;
    let passes = worst <= off && made.shares.len() == BUREAUS.len() * over as usize && browsed.is_one_tree;
    let figure = format!(
        "{} keys in {} prefixes, each within {:.1} % of its share; BUREAU/* covers all of its keys and none of another's by \
         IAM, CDN and event filter; all shown without their shard; {} real objects listed as one tree, {} claims hidden",
        count,
        made.shares.len(),
        worst * 100.0,
        browsed.listed,
        CLAIMS,
    );
    let shares: BTreeMap<String, u32> = made.shares.iter().map(|((b, s), n)| (format!("{b}/{s}"), *n)).collect();
    Ok(Shown { figure, passes, samples: json!({ "shares": shares, "worst": worst, "listings": browsed.listings }) })
}

struct Made {
    /// How many keys by bureau and shard.
    shares: BTreeMap<(&'static str, String), u32>,
    by_bureau: BTreeMap<&'static str, u32>,
    /// A part of them.
    some: Vec<String>,
    over: u32,
}

impl Made {
    /// How far the prefix that is farthest from its share is from it.
    fn worst(&self) -> f64 {
        let off = |((bureau, _), n): (&(&'static str, String), &u32)| {
            let share = f64::from(self.by_bureau[bureau]) / f64::from(self.over);
            (f64::from(*n) / share - 1.0).abs()
        };
        self.shares.iter().map(off).fold(0.0, f64::max)
    }
}

fn template(over: u32) -> String {
    format!("{{bureau}}/{{spread:{over}}}/{{date}}/{{slug}}/{{name}}")
}

fn made(count: u32, over: u32) -> Result<Made> {
    let spread = Template::parse(&template(over))?;
    let plain = Template::parse("{bureau}/{date}/{slug}/{name}")?;
    let how = spread.spread().context("a template that spreads")?;
    // As IAM has a resource, and CloudFront: a star stands for any characters.
    let covers = |bureau: &str| {
        ["arn:aws:s3:::agency-footage/", "https://d111111abcdef8.cloudfront.net/"]
            .map(|root| (root, Policy::canned(format!("{root}{bureau}/*"), 0)))
    };
    let policies: Vec<_> = BUREAUS.iter().map(|bureau| (*bureau, covers(bureau))).collect();
    let mut made = Made { shares: BTreeMap::new(), by_bureau: BTreeMap::new(), some: Vec::new(), over };
    for n in 0..count {
        let at = n as usize;
        let bureau = BUREAUS[at % BUREAUS.len()];
        let fields = Fields { slug: SLUGS[at / 40 % SLUGS.len()].to_owned(), ..Fields::default() };
        let day = 1 + i8::try_from(at / 4_000 % 28)?;
        let when = When::At(jiff::civil::date(2026, 1 + i8::try_from(at / 112_000 % 12)?, day).at(9, 0, 0, 0));
        // Cameras count; every seventh file is of a card, with its folders.
        let card = if at.is_multiple_of(7) { format!("A{:03}/CLIP/", at / 700) } else { String::new() };
        let name = format!("{card}{}{:05}.{}", &bureau[..3].to_uppercase(), at / 4, ENDINGS[at % 3]);
        let facts = Facts { bureau, when, fields: &fields, recorded: &Recorded::default(), name: &name };
        let key = spread.fill(&facts)?;
        ensure!(how.shown(&key) == plain.fill(&facts)?, "{key} is shown otherwise than without {{spread}}");
        let (head, shard, _) = how.split(&key).context("a key without a shard")?;
        ensure!(head == format!("{bureau}/"), "{key} is not {bureau}'s");
        for (other, policies) in &policies {
            let is_theirs = *other == bureau;
            for (root, policy) in policies {
                ensure!(policy.covers(&format!("{root}{key}")) == is_theirs, "{other}: {key}");
            }
            // An event's filter is a prefix.
            ensure!(key.starts_with(&format!("{other}/")) == is_theirs, "{other}: {key}");
        }
        *made.shares.entry((bureau, shard.to_owned())).or_default() += 1;
        *made.by_bureau.entry(bureau).or_default() += 1;
        if at.is_multiple_of((count as usize / REAL).max(1)) && made.some.len() < REAL {
            made.some.push(key);
        }
    }
    Ok(made)
}

struct Browsed {
    is_one_tree: bool,
    listed: usize,
    listings: Vec<serde_json::Value>,
}

/// Through the command line, on real objects, some of them as they were before keys were spread.
async fn browsed(over: u32, keys: &[String]) -> Result<Browsed> {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let bucket = seaweed.bucket();
    let keychain = Keychain::unlocked(&scratch).await?;
    let spread = Spread { over, depth: 1 };
    let old = keys.iter().step_by(keys.len() / OLD).map(|key| spread.shown(key).replace('.', "_old."));
    let there: Vec<String> = keys.iter().cloned().chain(old).collect();
    let claims = (0..CLAIMS).map(|n| format!(".rushes/claims/Nairobi/{n:05}.mxf"));
    put(&bucket.witness()?, there.iter().cloned().chain(claims).collect()).await?;

    let ctl = Rushesctl::new(&scratch, built::binary("rushesctl")?)?.with(keychain.env());
    let mut add: Vec<String> = bucket.options().map(str::to_owned).into();
    add.extend(["profile", "add", "Nairobi", "--bureau", "Nairobi", "--template"].map(str::to_owned));
    add.push(template(over));
    ctl.clone().with(&bucket.env()).run(&add).await?.ok()?;

    let mut browsed = Browsed { is_one_tree: true, listed: 0, listings: Vec::new() };
    for prefix in
        ["", "Nairobi/", "Nairobi/2026-01-0", "Nairobi/2026-01-01/Market_fire/", "Kyiv/2026-", "Nairobi/spread-00/"]
    {
        let ls = ctl.run(&["--json", "ls", prefix]).await?.ok()?;
        let pair =
            |line: &serde_json::Value| Some((line["shown"].as_str()?.to_owned(), line["key"].as_str()?.to_owned()));
        let listed: Vec<(String, String)> = ls.lines.iter().filter_map(pair).collect();
        let of_shard = prefix.contains("/spread-");
        let mut wanted: Vec<(String, String)> = there
            .iter()
            .map(|key| (spread.shown(key).into_owned(), key.clone()))
            .filter(|(shown, key)| if of_shard { key } else { shown }.starts_with(prefix))
            .collect();
        wanted.sort();
        let is_same = listed == wanted && !listed.is_empty();
        browsed.is_one_tree &= is_same;
        browsed.listed = browsed.listed.max(listed.len());
        browsed
            .listings
            .push(json!({ "prefix": prefix, "listed": listed.len(), "wanted": wanted.len(), "same": is_same }));
    }
    Ok(browsed)
}

async fn put(witness: &Witness, keys: Vec<String>) -> Result<()> {
    let mut putting = JoinSet::new();
    for key in keys {
        if putting.len() >= AT_ONCE
            && let Some(done) = putting.join_next().await
        {
            done??;
        }
        let witness = witness.clone();
        putting.spawn(async move { witness.put(&key, "x").await });
    }
    while let Some(done) = putting.join_next().await {
        done??;
    }
    Ok(())
}
