//! What each role gets, statement by statement, and why. The table for people is in docs/RIGHTS.md.

use super::Wishes;
use super::action::{
    ABORT, ACCELERATION, CALL, CALL_URL, DATA_KEY, DECRYPT, DELETE, GET, LIST, LIST_PARTS, LIST_UPLOADS, PUT, SETTINGS,
};
use super::document::{Policy, Statement};
use super::places::{Places, under};

/// Who uses the newsroom's bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends footage of the own bureau, and browses all of it.
    Reporter,
    /// Browses and fetches.
    Editor,
    /// A computer that nobody sits at: sends, and proves what it sent.
    Ingest,
    /// Looks at how the buckets are set up, and clears what was left unfinished.
    It,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Reporter, Role::Editor, Role::Ingest, Role::It];

    pub fn name(self) -> &'static str {
        match self {
            Role::Reporter => "reporter",
            Role::Editor => "editor",
            Role::Ingest => "ingest",
            Role::It => "it",
        }
    }
}

pub(super) fn policy(role: Role, places: &Places, wishes: &Wishes) -> Policy {
    Policy::of(match role {
        Role::Reporter if wishes.own_bureau_only => {
            let footage = own_footage(places, places.buckets(), places.multi_region.as_ref());
            let claims = claims(places, &[PUT, GET, DELETE]);
            [puts(places), claims, footage, acceleration(places), grant(places), keys(places, true)].concat()
        }
        Role::Reporter => {
            let unheard = Statement::allow("FindUploadsWhoseStartWasNotHeard", &[LIST_UPLOADS], places.targets());
            // They are read with all else.
            let puts = [puts(places), claims(places, &[PUT, DELETE]), vec![unheard]].concat();
            [puts, all_footage(places), acceleration(places), grant(places), keys(places, true)].concat()
        }
        Role::Editor => [all_footage(places), acceleration(places), grant(places), keys(places, false)].concat(),
        Role::Ingest => {
            let footage = own_footage(places, places.targets(), None);
            let claims = claims(places, &[PUT, GET, DELETE]);
            [puts(places), claims, footage, acceleration(places), keys(places, true)].concat()
        }
        Role::It => settings(places),
    })
}

/// Uploads, to the own bureau's folder and nowhere else. At AWS they take no other clip's place, whoever has the keys: what
/// makes an object must say that there is none, as our requests do; what only begins or feeds an upload cannot say so.
fn puts(places: &Places) -> Vec<Statement> {
    let own = under(&places.targets(), &places.own);
    if !places.knows_conditions {
        return vec![Statement::allow("PutIntoOwnBureau", &[PUT, LIST_PARTS, ABORT], own)];
    }
    vec![
        Statement::allow("PutIntoOwnBureauWhereNothingIs", &[PUT], own.clone()).only(
            "Null",
            "s3:if-none-match",
            vec!["false".to_owned()],
        ),
        Statement::allow("SendPartsIntoOwnBureau", &[PUT], own.clone()).only(
            "Bool",
            "s3:ObjectCreationOperation",
            vec!["false".to_owned()],
        ),
        Statement::allow("GoOnWithUploadsOfOwnBureauOrEndThem", &[LIST_PARTS, ABORT], own),
    ]
}

/// The claims of its keys: the only objects that are ever deleted.
fn claims(places: &Places, actions: &[&'static str]) -> Vec<Statement> {
    vec![Statement::allow("ClaimKeysOfOwnBureau", actions, under(&places.targets(), &places.claims))]
}

/// Every bureau's. Keys may be listed too: without that S3 refuses what is not there as if it were forbidden, and a clip
/// that is not copied yet could not be told from one that nobody may see.
fn all_footage(places: &Places) -> Vec<Statement> {
    let access_point = |ending: &str| places.multi_region.as_ref().map(|arn| format!("{arn}{ending}"));
    let objects = under(&places.buckets(), "").into_iter().chain(access_point("/object/*")).collect();
    let buckets = places.buckets().into_iter().chain(access_point("")).collect();
    vec![
        Statement::allow("ReadFootageOfAllBureaus", &[GET], objects),
        Statement::allow("ListFootageOfAllBureaus", &[LIST], buckets),
    ]
}

/// HEAD is reading to IAM, so what was sent can be read back by who sent it. A listing without the prefix is refused.
fn own_footage(places: &Places, buckets: Vec<String>, access_point: Option<&String>) -> Vec<Statement> {
    let own = &places.own;
    let objects = under(&buckets, own).into_iter().chain(access_point.map(|arn| format!("{arn}/object/{own}*")));
    let objects = objects.collect();
    let list = Statement::allow("ListFootageOfOwnBureau", &[LIST], buckets);
    let list = match places.is_whole_bucket() {
        true => list,
        false => list.only("StringLike", "s3:prefix", vec![format!("{own}*")]),
    };
    vec![Statement::allow("ReadFootageOfOwnBureau", &[GET], objects), list]
}

fn acceleration(places: &Places) -> Vec<Statement> {
    let asks = || Statement::allow("AskWhetherTransferIsAccelerated", &[ACCELERATION], vec![places.bucket.clone()]);
    places.accelerate.then(asks).into_iter().collect()
}

/// The function may be called by its URL and in no other way.
fn grant(places: &Places) -> Vec<Statement> {
    let Some(function) = &places.grant_function else { return Vec::new() };
    vec![
        Statement::allow("CallTheGrantFunction", &[CALL_URL], vec![function.clone()]).only(
            "StringEquals",
            "lambda:FunctionUrlAuthType",
            vec!["AWS_IAM".to_owned()],
        ),
        Statement::allow("CallItByItsUrlAlone", &[CALL], vec![function.clone()]).only(
            "Bool",
            "lambda:InvokedViaFunctionUrl",
            vec!["true".to_owned()],
        ),
    ]
}

/// The agency's own keys that buckets are encrypted with, used by S3 alone. To put parts together they are decrypted.
fn keys(places: &Places, puts: bool) -> Vec<Statement> {
    if places.kms_keys.is_empty() {
        return Vec::new();
    }
    let (keys, services): (Vec<String>, Vec<String>) = places.kms_keys.iter().cloned().unzip();
    let actions: &[&str] = if puts { &[DATA_KEY, DECRYPT] } else { &[DECRYPT] };
    vec![Statement::allow("UseTheBucketsKey", actions, keys).only("StringEquals", "kms:ViaService", services)]
}

/// Looks at everything but footage, changes nothing but what was left unfinished.
fn settings(places: &Places) -> Vec<Statement> {
    let buckets = places.buckets();
    vec![
        Statement::allow("ReadHowTheBucketsAreSetUp", &SETTINGS, buckets.clone()),
        Statement::allow("ListFootageAndUnfinishedUploads", &[LIST, LIST_UPLOADS], buckets.clone()),
        Statement::allow("EndUnfinishedUploads", &[LIST_PARTS, ABORT], under(&buckets, "")),
    ]
}
