//! Least privilege: with exactly the policy that Rushes writes for an ingest box, its uploads go on whatever it may not see;
//! what is missing is said by name.

use crate::support::{Bench, PROFILE, error_of, is_done};
use rushes_engine::api::{FootagePage, FootageQuery, Place, SaveProfile};
use rushes_engine::error::Code;
use rushes_engine::keys::NEWSROOM_TEMPLATE;
use rushes_engine::profile::{CredentialsFrom, Profile};
use rushes_engine::rights::{self, Role, Wishes};
use rushes_rig::practice::Practice;
use rushes_rig::seaweed::{self, Seaweed, User};
use rushes_rig::store::{Bucket, Keys};
use rushes_rig::{Scratch, footage};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// Several parts.
const CLIP: u64 = 17_000_000;

fn profile(bucket: &Bucket) -> Profile {
    Profile {
        name: PROFILE.into(),
        bureau: "Nairobi".into(),
        bucket: bucket.name.clone(),
        region: bucket.region.clone(),
        endpoint: Some(bucket.endpoint.clone()),
        accelerate: false,
        key_template: NEWSROOM_TEMPLATE.into(),
        credentials: CredentialsFrom::Lent,
        zone: None,
        routes: Default::default(),
    }
}

async fn keep(bench: &Bench, profile: Profile) {
    let request = SaveProfile::of(profile);
    let kept =
        bench.connection.call(request, async |engine, context, request| engine.save_profile(context, request).await);
    kept.await.unwrap().unwrap();
}

async fn look(bench: &Bench) -> FootagePage {
    let _ = bench.connection.call((), async |engine, context, ()| engine.look_again(context).await).await.unwrap();
    let query = FootageQuery { text: String::new(), since: None, offset: 0, limit: 100 };
    bench
        .connection
        .call(query, async |engine, context, query| engine.footage(context, query).await)
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingest_box_sends_with_its_policy_alone_and_says_what_it_may_not_do() {
    let scratch = Scratch::new();
    let place = Bucket {
        endpoint: "https://s3.invalid".into(),
        region: "us-east-1".into(),
        name: seaweed::BUCKET.into(),
        keys: Keys::random(),
        ca: None,
    };
    let written = rights::policies(&profile(&place), &Wishes::default()).unwrap();
    let policy = written.iter().find(|written| written.role == Role::Ingest).unwrap().policy.text();
    let user = User::new("ingest", &policy);
    let wishes = seaweed::Wishes { users: vec![user.clone()], ..seaweed::Wishes::default() };
    let seaweed = Seaweed::start_as(&scratch, wishes).await.unwrap();
    let owner = seaweed.bucket().witness().unwrap();
    owner.put("Manila/theirs.mxf", "theirs").await.unwrap();
    let bucket = Bucket { keys: user.keys, ..seaweed.bucket().clone() };
    let bench = Bench::open(&scratch.join("home"), &bucket).await;
    keep(&bench, profile(&bucket)).await;

    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 1).unwrap();
    let row = bench.send(&clip).await;
    assert!(is_done(&row) && row.key.starts_with("Nairobi/20"), "{row:#?}");
    assert!(owner.same(&row.key, &clip).await.unwrap());

    let elsewhere = bench.add_to(&[&clip], Place::Prefix { prefix: "Manila".into() }).await.unwrap().transfers[0];
    let refused = bench.at_rest(elsewhere).await;
    let error = error_of(&refused);
    assert_eq!(error.code, Code::AccessDenied);
    assert_eq!(
        error.message,
        "Your keys may not do s3:PutObject in rig-footage/Manila/. Ask IT for that permission, then retry."
    );
    assert!(error.detail.contains("asked for s3:PutObject on rig-footage/Manila/clip.mxf"), "{}", error.detail);

    let page = look(&bench).await;
    let keys: Vec<&str> = page.clips.iter().map(|clip| clip.key.as_str()).collect();
    assert_eq!(keys, [row.key.as_str()]);
    let trouble = page.trouble.unwrap();
    assert_eq!(trouble.code, Code::AccessDenied);
    assert!(trouble.message.starts_with("Your keys may list Nairobi/ and nothing else"), "{}", trouble.message);
    // Said once, not at every look.
    let before = bench.updates(0).await.footage;
    assert_eq!(look(&bench).await.trouble, Some(trouble));
    assert_eq!(bench.updates(0).await.footage, before);
}

/// S3 as it is to keys that may put and not list: whatever is not there is forbidden.
async fn strict(bucket: &Bucket, says_why: bool) -> Bucket {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, store) = (listener.local_addr().unwrap(), bucket.address().to_owned());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(carry(stream, store.clone(), says_why));
        }
    });
    Bucket { endpoint: format!("http://{address}"), ..bucket.clone() }
}

/// One request a connection.
async fn carry(mut stream: TcpStream, store: String, says_why: bool) -> Option<()> {
    let mut asked = Vec::new();
    let end = loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        asked.extend_from_slice(&piece[..read]);
        if let Some(end) = asked.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
    };
    asked.splice(end..end, b"\r\nConnection: close".iter().copied());
    let mut to = TcpStream::connect(store).await.ok()?;
    to.write_all(&asked).await.ok()?;
    if !asked.starts_with(b"HEAD ") && !asked.starts_with(b"GET ") {
        let _ = copy_bidirectional(&mut stream, &mut to).await;
        return None;
    }
    let mut answer = Vec::new();
    to.read_to_end(&mut answer).await.ok()?;
    if answer.starts_with(b"HTTP/1.1 404") {
        let why = if says_why {
            "User: u is not authorized to perform: s3:ListBucket on resource: r"
        } else {
            "Access Denied"
        };
        let body = format!("<Error><Code>AccessDenied</Code><Message>{why}</Message></Error>");
        let head = format!("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        answer = if asked.starts_with(b"HEAD ") { head } else { head + &body }.into_bytes();
    }
    stream.write_all(&answer).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_and_answers_forbidden_stops_no_upload() {
    for says_why in [true, false] {
        let scratch = Scratch::new();
        let practice = Practice::start(&scratch).await.unwrap();
        let bucket = strict(practice.bucket(), says_why).await;
        let bench = Bench::open(&scratch.join("home"), &bucket).await;
        for (name, bytes) in [("clip.mxf", CLIP), ("short.mxf", 1_000_000)] {
            let clip = scratch.join(name);
            footage::random(&clip, bytes, 2).unwrap();
            let row = bench.send(&clip).await;
            assert!(is_done(&row), "{row:#?}");
            assert!(practice.bucket().witness().unwrap().same(&row.key, &clip).await.unwrap());
        }
        // Where S3 says that it is for want of listing, it said that there is nothing.
        let into = scratch.folder("into");
        let id = bench.fetch(&["nobodys.mxf"], &into).await.unwrap().transfers[0];
        let row = bench.at_rest(id).await;
        let code = if says_why { Code::NoSuchKey } else { Code::AccessDenied };
        assert_eq!(error_of(&row).code, code, "{row:#?}");
        bench.close().await;
    }
}
