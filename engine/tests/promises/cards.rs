//! A camera card is one thing: one batch under one folder, its structure as it was, and what its sidecars say of each clip in
//! the object's metadata and in the key.

use std::fs;
use std::path::{Path, PathBuf};

use rushes_engine::api::{Place, TransferRow};
use rushes_engine::cards::Kind;
use rushes_engine::keys::Fields;
use rushes_rig::practice::Practice;
use rushes_rig::{Scratch, footage};

use crate::support::{Bench, is_done};

const SIDECARS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/corpus/sidecars");

/// A P2 card of one clip, at this folder. `seed` makes its picture another one.
fn p2(at: &Path, seed: u64) -> Vec<PathBuf> {
    let folders = ["AUDIO", "CLIP", "ICON", "PROXY", "VIDEO", "VOICE"];
    folders.iter().for_each(|name| fs::create_dir_all(at.join("CONTENTS").join(name)).unwrap());
    let files = ["CONTENTS/AUDIO/0001AB00.MXF", "CONTENTS/ICON/0001AB.BMP", "CONTENTS/VIDEO/0001AB.MXF"];
    for (n, name) in files.iter().enumerate() {
        footage::random(&at.join(name), 200_000 + seed, seed + n as u64).unwrap();
    }
    fs::copy(format!("{SIDECARS}/p2.xml"), at.join("CONTENTS/CLIP/0001AB.XML")).unwrap();
    fs::write(at.join("LASTCLIP.TXT"), "0001AB\n1.0\n1\n").unwrap();
    fs::write(at.join(".DS_Store"), "x").unwrap();
    let names = [&files[..1], &["CONTENTS/CLIP/0001AB.XML"], &files[1..], &["LASTCLIP.TXT"]].concat();
    names.into_iter().map(PathBuf::from).collect()
}

async fn drops(bench: &Bench, paths: &[&Path]) -> Vec<TransferRow> {
    let mut rows = Vec::new();
    for id in bench.add(paths).await.unwrap().transfers {
        rows.push(bench.at_rest(id).await);
    }
    assert!(rows.iter().all(is_done), "{rows:#?}");
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_one_batch_under_its_folder_and_all_else_of_the_drop_another() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let (card, clip) = (scratch.folder("A001"), scratch.join("interview.mxf"));
    let files = p2(&card, 1);
    footage::random(&clip, 300_000, 9).unwrap();
    let rows = drops(&bench, &[&card, &clip]).await;

    let of_card: Vec<&TransferRow> = rows.iter().filter(|row| row.card.is_some()).collect();
    assert_eq!(of_card.len(), files.len());
    let label = of_card[0].card.clone().unwrap();
    assert_eq!((label.kind, label.name.as_str(), label.clips), (Kind::P2, "A001", 1));
    assert!(of_card.iter().all(|row| row.batch == label.batch && row.card.as_ref() == Some(&label)));
    assert_ne!(rows.last().unwrap().batch, label.batch);
    let witness = practice.bucket().witness().unwrap();
    for file in &files {
        assert!(witness.same(&format!("A001/{}", file.display()), &card.join(file)).await.unwrap(), "{file:?}");
    }
    assert_eq!(witness.keys("A001/").await.unwrap().len(), files.len());

    // Of all that has to do with the picture, the sidecar tells; of the rest nothing is made up.
    let told = witness.head("A001/CONTENTS/VIDEO/0001AB.MXF").await.unwrap().unwrap().metadata;
    for (name, value) in [
        ("rushes-timecode", "10:21:05:00"),
        ("rushes-duration", "10.000"),
        ("rushes-camera", "Panasonic AJ-PX5000"),
        ("rushes-slug", "Market fire"),
        ("rushes-location", "Nairobi"),
    ] {
        assert_eq!(told.get(name).map(String::as_str), Some(value), "{told:?}");
    }
    let untold = witness.head("A001/LASTCLIP.TXT").await.unwrap().unwrap().metadata;
    assert!(!untold.contains_key("rushes-timecode"), "{untold:?}");

    // It is still a card after a restart.
    bench.close().await;
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let again = bench.updates(0).await.rows;
    assert_eq!(again.iter().filter(|row| row.card.as_ref() == Some(&label)).count(), files.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_of_the_same_name_gets_a_folder_of_its_own_and_the_same_one_its_old() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let (one, two) = (scratch.folder("one/Untitled"), scratch.folder("two/Untitled"));
    let files = p2(&one, 1);
    p2(&two, 50);
    drops(&bench, &[&one]).await;
    drops(&bench, &[&two]).await;
    let again = drops(&bench, &[&two]).await;
    assert!(again.iter().all(|row| row.key.starts_with("Untitled-2/")), "{again:#?}");
    let witness = practice.bucket().witness().unwrap();
    let keys = |folder: &str| files.iter().map(|file| format!("{folder}/{}", file.display())).collect::<Vec<_>>();
    assert_eq!(witness.keys("").await.unwrap(), [keys("Untitled-2"), keys("Untitled")].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_with_places_for_it_is_filled_from_the_first_clip_for_all_of_the_card() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    bench.set_template(practice.bucket(), "{slug}/{camera}/{timecode}/{name}").await.unwrap();
    let card = scratch.folder("A001");
    p2(&card, 1);
    let rows = drops(&bench, &[&card]).await;
    let folder = "Market_fire/Panasonic_AJ-PX5000/10_21_05_00/A001/";
    assert!(rows.iter().all(|row| row.key.starts_with(folder)), "{rows:#?}");

    // What the drop was told goes before what a sidecar says.
    let told = Place::Template { fields: Fields { slug: "Harbour".into(), ..Fields::default() } };
    let added = bench.add_to(&[&card], told).await.unwrap();
    let row = bench.at_rest(added.transfers[0]).await;
    assert!(row.key.starts_with("Harbour/Panasonic_AJ-PX5000/"), "{row:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_structure_without_its_folder_goes_under_the_volumes_name() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let volume = scratch.folder("P2VOL");
    let files = p2(&volume, 1);
    drops(&bench, &[&volume.join("CONTENTS"), &volume.join("LASTCLIP.TXT")]).await;
    let keys: Vec<String> = files.iter().map(|file| format!("P2VOL/{}", file.display())).collect();
    assert_eq!(practice.bucket().witness().unwrap().keys("").await.unwrap(), keys);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_container_says_is_told_of_a_clip_without_sidecars() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    // Its name is an option to whoever does not look.
    let clip = scratch.join("-i http: é.mxf");
    footage::mxf(&clip, 1_500_000).unwrap();
    let rows = drops(&bench, &[&clip]).await;
    let told = practice.bucket().witness().unwrap().head(&rows[0].key).await.unwrap().unwrap().metadata;
    assert!(told.get("rushes-codec").is_some_and(|codec| codec.starts_with("mpeg2video")), "{told:?}");
    let seconds: f64 = told["rushes-duration"].parse().unwrap();
    let (_, wanted) = footage::probe(&clip).unwrap();
    assert!((seconds - wanted).abs() < 0.1, "{seconds} s, not {wanted}");
}
