//! A card may be wiped when, and only when, all of it is in the bucket, proved, and the card still holds just that. Its receipt
//! says so later, to whoever asks the bucket.

use std::path::{Path, PathBuf};

use crate::support::{Bench, PROFILE, is_done};
use rushes_engine::api::{About, Compared, Found, Place, ReceiptState};
use rushes_engine::error::{Code, Result};
use rushes_engine::receipt;
use rushes_engine::transfer::BatchId;
use rushes_rig::practice::Practice;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::{Scratch, footage};

/// One of many parts among them.
const FILES: [(&str, u64); 4] = [
    ("XDROOT/Clip/a.mxf", 11 << 20),
    ("XDROOT/Clip/b é.mxf", 70_000),
    ("XDROOT/INDEX.XML", 300),
    ("XDROOT/Clip/SUB/empty.bin", 0),
];

fn card(scratch: &Scratch, name: &str) -> PathBuf {
    let card = scratch.folder(name);
    for (seed, (file, size)) in FILES.into_iter().enumerate() {
        let path = card.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        footage::random(&path, size, seed as u64).unwrap();
    }
    card
}

impl Bench {
    /// Sends a card to its end, and waits for its receipt.
    async fn send_card(&self, card: &Path) -> (BatchId, ReceiptState) {
        let added = self.add_to(&[card], Place::Prefix { prefix: "in".into() }).await.unwrap();
        for id in added.transfers {
            assert!(is_done(&self.at_rest(id).await));
        }
        (added.batch, self.receipt_of(added.batch).await.unwrap())
    }

    async fn receipt_of(&self, batch: BatchId) -> Option<ReceiptState> {
        let begun = std::time::Instant::now();
        loop {
            let state = self
                .connection
                .call(batch, async |engine, context, batch| engine.receipt_state(context, batch).await)
                .await
                .unwrap();
            match state {
                // It begins in the moment in which the last of it is done.
                Some(ReceiptState::Checking { .. } | ReceiptState::None) if begun.elapsed().as_secs() < 60 => {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
                state => return state,
            }
        }
    }

    async fn ask_for_receipt(&self, batch: BatchId) -> Result<()> {
        self.connection.call(batch, async |engine, context, batch| engine.receipt(context, batch).await).await?
    }

    /// What became of each file of a receipt, by its path.
    async fn compare(&self, receipt: &Path) -> Vec<Compared> {
        let objects = receipt::open(receipt).unwrap().objects();
        self.connection
            .call(objects, async |engine, context, objects| {
                engine.compare(context, Some(PROFILE.to_owned()), objects).await
            })
            .await
            .unwrap()
            .unwrap()
    }
}

fn trouble(state: &ReceiptState) -> &str {
    match state {
        ReceiptState::Trouble { sentence } => sentence,
        other => panic!("no trouble: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_all_there_may_be_wiped_and_its_receipt_says_so_later() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let card = card(&scratch, "A001");
    std::fs::write(card.join(".DS_Store"), "litter").unwrap();
    let heard = bench.updates(0).await.seq;
    let (batch, state) = bench.send_card(&card).await;
    let ReceiptState::Safe { path, remark: None, .. } = &state else { panic!("{state:?}") };
    let receipt = Path::new(path);
    assert_eq!(receipt.parent(), Some(card.join("ascmhl").as_path()));
    assert!(receipt.file_name().unwrap().to_str().unwrap().starts_with("0001_A001_"));
    let notices = bench.updates(heard).await.notices;
    assert!(notices.iter().any(|n| n.about == About::BatchDone && n.title == "Safe to wipe this card"), "{notices:?}");

    // In the bucket too, beside the card's clips, and no list shows it.
    let name = receipt.file_name().unwrap().to_str().unwrap();
    let lists = witness.hash_lists().await.unwrap();
    assert_eq!(lists, [format!("in/A001/ascmhl/{name}"), "in/A001/ascmhl/ascmhl_chain.xml".into()]);
    assert_eq!(witness.get(&lists[0]).await.unwrap(), std::fs::read(receipt).unwrap());
    assert_eq!(bench.list_all().await.len(), FILES.len());

    // Now all is as it says; then somebody puts something else at one key, and takes another away.
    let compared = bench.compare(receipt).await;
    assert_eq!(
        (compared.len(), compared.iter().all(|one| one.found == Found::Same)),
        (FILES.len(), true),
        "{compared:?}"
    );
    witness.put("in/A001/XDROOT/Clip/b é.mxf", vec![7; 70_000]).await.unwrap();
    let gone = witness.client().delete_object().bucket(&practice.bucket().name).key("in/A001/XDROOT/INDEX.XML");
    gone.send().await.unwrap();
    let compared = bench.compare(receipt).await;
    let of = |path: &str| compared.iter().find(|one| one.path == path).unwrap().found;
    assert_eq!(
        (of("XDROOT/Clip/a.mxf"), of("XDROOT/Clip/b é.mxf"), of("XDROOT/INDEX.XML")),
        (Found::Same, Found::Replaced, Found::Missing)
    );
    // And it is not said again that the card may be wiped.
    bench.ask_for_receipt(batch).await.unwrap();
    let again = bench.receipt_of(batch).await.unwrap();
    assert!(trouble(&again).contains("b é.mxf") || trouble(&again).contains("XDROOT/INDEX.XML"), "{again:?}");
    bench.close().await;

    // What was found out outlives a restart.
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    assert_eq!(bench.receipt_of(batch).await, Some(again));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_not_what_was_sent_is_never_safe() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let card = card(&scratch, "A002");
    // What comes onto the card once it was taken is not in the bucket, and so the card is not all there.
    let added = bench.add_to(&[&card], Place::Prefix { prefix: "in".into() }).await.unwrap();
    std::fs::write(card.join("XDROOT/Clip/late.mxf"), "late").unwrap();
    for id in added.transfers {
        assert!(is_done(&bench.at_rest(id).await));
    }
    let batch = added.batch;
    let state = bench.receipt_of(batch).await.unwrap();
    assert!(trouble(&state).contains("XDROOT/Clip/late.mxf"), "{state:?}");
    assert!(!card.join("ascmhl").exists());
    std::fs::remove_file(card.join("XDROOT/Clip/late.mxf")).unwrap();

    let asked = async || {
        bench.ask_for_receipt(batch).await.unwrap();
        bench.receipt_of(batch).await.unwrap()
    };
    // One byte, and the time of the file put back.
    let (clip, whole) = (card.join("XDROOT/Clip/a.mxf"), std::fs::read(card.join("XDROOT/Clip/a.mxf")).unwrap());
    let modified = std::fs::metadata(&clip).unwrap().modified().unwrap();
    let write = |bytes: &[u8]| {
        std::fs::write(&clip, bytes).unwrap();
        std::fs::File::options().write(true).open(&clip).unwrap().set_modified(modified).unwrap();
    };
    let mut flipped = whole.clone();
    flipped[7_000_000] ^= 1;
    write(&flipped);
    assert!(trouble(&asked().await).contains("XDROOT/Clip/a.mxf"));
    std::fs::remove_file(&clip).unwrap();
    assert!(trouble(&asked().await).contains("XDROOT/Clip/a.mxf"));
    write(&whole);
    std::fs::write(card.join("new.mxf"), "new").unwrap();
    assert!(trouble(&asked().await).contains("new.mxf"));
    std::fs::remove_file(card.join("new.mxf")).unwrap();
    assert!(matches!(asked().await, ReceiptState::Safe { .. }));

    // And what another tool's list says counts as well.
    let lists = card.join("ascmhl");
    let of_ours = std::fs::read_dir(&lists)
        .unwrap()
        .filter_map(|there| there.ok())
        .find(|there| there.file_name().to_string_lossy().starts_with("0001"));
    let first = of_ours.unwrap().path();
    let told = std::fs::read_to_string(&first).unwrap();
    std::fs::write(&first, format!("{told} ")).unwrap();
    assert!(trouble(&asked().await).contains("hash lists do not fit together"));
    std::fs::write(&first, told).unwrap();
    assert!(matches!(asked().await, ReceiptState::Safe { .. }));
    assert_eq!(std::fs::read_dir(&lists).unwrap().count(), 3, "two generations and their chain");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_may_be_written_the_receipt_is_kept_here_and_in_the_bucket() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let card = card(&scratch, "A003");
    // A folder of it has lists of its own: they are its makers', and a list above them would have to name them.
    let nested = card.join("XDROOT/Clip/SUB/ascmhl");
    std::fs::create_dir(&nested).unwrap();
    std::fs::write(nested.join("0001_SUB_2026-11-22_194200Z.mhl"), "theirs").unwrap();
    let (_, state) = bench.send_card(&card).await;
    let ReceiptState::Safe { path, remark: Some(remark), .. } = &state else { panic!("{state:?}") };
    assert!(remark.contains("kept on this computer and in the bucket"), "{remark}");
    assert!(Path::new(path).starts_with(scratch.join("home")), "{path}");
    assert!(!card.join("ascmhl").exists());
    assert!(bench.compare(Path::new(path)).await.iter().all(|one| one.found == Found::Same));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_came_one_by_one_are_no_card() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let card = card(&scratch, "A004");
    let added = bench.add(&[&card.join("XDROOT/Clip/a.mxf"), &card.join("XDROOT/INDEX.XML")]).await.unwrap();
    for id in added.transfers {
        let row = bench.at_rest(id).await;
        assert!(is_done(&row) && row.receipt.is_none());
    }
    assert_eq!(bench.receipt_of(added.batch).await, None);
    assert_eq!(bench.ask_for_receipt(added.batch).await.unwrap_err().code, Code::NotFound);
    assert!(!card.join("ascmhl").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_names_the_version_that_was_proved() {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await.unwrap();
    let witness = seaweed.bucket().witness().unwrap();
    witness.keep_versions().await.unwrap();
    let bench = Bench::open(&scratch.join("home"), seaweed.bucket()).await;
    let card = card(&scratch, "A005");
    let (_, state) = bench.send_card(&card).await;
    let ReceiptState::Safe { path, .. } = &state else { panic!("{state:?}") };
    let objects = receipt::open(Path::new(path)).unwrap().objects();
    assert!(objects.iter().all(|object| object.version.is_some()), "{objects:#?}");
    let key = "in/A005/XDROOT/INDEX.XML";
    let told = async || bench.compare(Path::new(path)).await.into_iter().find(|one| one.key == key).unwrap();
    assert_eq!(told().await.found, Found::Same);
    witness.put(key, vec![7; 300]).await.unwrap();
    let replaced = told().await;
    assert_eq!(replaced.found, Found::Replaced, "{replaced:?}");
    assert!(replaced.sentence.unwrap().contains("still kept"));
}
