//! What somebody wishes of the order and of the link: what hurries, how much may be used. Changed in the journal, in memory
//! and on the board together, like all that `core` holds; what follows from it is decided in `queue` and `limit`.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use crate::api::{LimitsRow, UplinkRow};
use crate::clock;
use crate::core::{Core, no_transfer};
use crate::error::{Code, Error, Result};
use crate::journal::{settings, transfers};
use crate::lane::Lane;
use crate::limit::{InForce, LimitSettings, Plan};
use crate::live::One;
use crate::transfer::{Can, Direction, TransferId, Urgency};

/// The setting that holds the limits.
pub(crate) const LIMITS: &str = "limits";

impl Core {
    /// Makes these hurry otherwise. For all of them, or for none: one that has ended is in nobody's way any more.
    pub(crate) async fn set_urgency(&self, ids: &[TransferId], set: impl Fn(&One) -> Result<Urgency>) -> Result<()> {
        let wanted = {
            let live = self.live();
            let of = |id: &TransferId| {
                let one = live.get(*id).ok_or_else(|| no_transfer(*id))?;
                if !Can::of(&one.transfer.life.status).hasten {
                    let sentence = format!("{} has ended; it cannot hurry any more.", one.transfer.name);
                    return Err(Error::new(Code::BadInput, sentence));
                }
                Ok((*id, set(one)?))
            };
            ids.iter().map(of).collect::<Result<Vec<_>>>()?
        };
        let kept = wanted.clone();
        self.journal
            .write(move |c| kept.iter().try_for_each(|(id, urgency)| transfers::set_urgency(c, *id, urgency)))
            .await?;
        for (id, urgency) in wanted {
            // Taken off the list meanwhile: then it does not matter.
            let _ = self.with(id, |one| {
                one.transfer.urgency = urgency;
                self.slots(one.transfer.direction).put(one.place());
                self.board.put(one.row());
            });
        }
        self.board.show();
        self.wake.notify_one();
        Ok(())
    }

    /// Asked for again in a hurry, they hurry from now on; asked for without, they hurry as before.
    pub(crate) async fn hasten(&self, known: &[TransferId], asked: &Urgency) -> Result<()> {
        if known.is_empty() || *asked == Urgency::default() {
            return Ok(());
        }
        let can = |id: &TransferId| self.with(*id, |one| Can::of(&one.transfer.life.status).hasten).unwrap_or(false);
        let open: Vec<TransferId> = known.iter().copied().filter(can).collect();
        let with = |one: &One| {
            let before = &one.transfer.urgency;
            let deadline = asked.deadline.clone().or(before.deadline.clone());
            Ok(Urgency { breaking: before.breaking || asked.breaking, deadline })
        };
        self.set_urgency(&open, with).await
    }

    pub(crate) fn limits(&self) -> LimitSettings {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn limits_row(&self) -> LimitsRow {
        let settings = self.limits();
        let mut uplinks = self.uplinks.rows();
        for name in settings.uplinks.keys().chain(&settings.metered) {
            // One that is away now keeps its figures.
            if uplinks.iter().all(|uplink| uplink.name != *name) {
                uplinks.push(UplinkRow { name: name.clone(), label: name.clone() });
            }
        }
        LimitsRow { settings, now: self.keep_within_limits(), zone: self.zone(None), uplinks }
    }

    /// They hold from now on.
    pub(crate) async fn set_limits(&self, settings: LimitSettings) -> Result<()> {
        let kept = settings.clone();
        self.journal.write(move |c| settings::set_setting(c, LIMITS, &kept)).await?;
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = settings;
        self.keep_within_limits();
        self.note_metered();
        self.wake.notify_one();
        Ok(())
    }

    /// Which lanes go through a network that is only for what is breaking: those of the settings, as the networks are now.
    pub(crate) fn note_metered(&self) {
        let lanes = self.metered_lanes();
        for direction in [Direction::Up, Direction::Down] {
            self.slots(direction).set_metered(&lanes);
        }
    }

    pub(crate) fn metered_lanes(&self) -> BTreeSet<u32> {
        let metered = self.limits().metered;
        let preferred = self.uplinks.preferred().map(|uplink| uplink.name);
        let is_metered = |lane: &Lane| {
            let name = lane.uplink.as_ref().map(|uplink| &uplink.name).or(preferred.as_ref());
            name.is_some_and(|name| metered.contains(name))
        };
        self.lanes.all().iter().filter(|lane| is_metered(lane)).map(|lane| lane.id).collect()
    }

    /// Tells the wire what holds at this moment, and answers with what does on the uplink that connections go through.
    pub(crate) fn keep_within_limits(&self) -> InForce {
        let settings = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now_in(&self.zone(None));
        let holds = |plan: &Plan| plan.in_force(&now);
        let own = settings.uplinks.iter().map(|(uplink, plan)| (uplink.clone(), holds(plan).limits)).collect();
        self.lanes.common().throttles().set(holds(&settings.plan).limits, &own);
        let uplink = self.lanes.uplink().map_or_else(String::new, |uplink| uplink.name);
        holds(settings.on(&uplink))
    }

    /// The time zone of the named profile, or of the one in use, or of this computer: its IANA name.
    pub(crate) fn zone(&self, profile: Option<&str>) -> String {
        self.profile(profile).ok().and_then(|profile| profile.zone).unwrap_or_else(clock::zone)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::add::add_files;
    use crate::api::{AddFiles, Hurry, Place};
    use crate::home::Home;
    use crate::keys::Fields;
    use crate::profile::Profile;

    async fn core_with_profile(home: &Path) -> Core {
        let core = Core::open(Home::at(home).unwrap()).await.unwrap();
        let profile = Profile { zone: Some("Europe/Zurich".into()), ..Profile::example() };
        core.keep_profile(profile).await.unwrap();
        core
    }

    fn drop_of(path: &Path, hurry: Hurry) -> AddFiles {
        let place = Place::Template { fields: Fields::default() };
        AddFiles {
            profile: Some("Nairobi".into()),
            paths: vec![path.display().to_string()],
            place,
            hurry,
            growing: false,
        }
    }

    /// A stills card: what a drop costs must not grow with the files that are there already.
    #[tokio::test]
    async fn ten_thousand_files_cost_a_handful_of_syncs_and_none_is_doubled() {
        let folder = tempfile::tempdir().unwrap();
        let core = core_with_profile(&folder.path().join("home")).await;
        let card = folder.path().join("CARD");
        std::fs::create_dir_all(&card).unwrap();
        for n in 0..10_000 {
            std::fs::write(card.join(format!("still_{n:05}.jpg")), "x").unwrap();
        }
        let before = core.journal.commits();
        let first = add_files(&core, drop_of(&card, Hurry::default())).await.unwrap();
        assert_eq!(first.transfers.len(), 10_000);
        // The answers of the drop sheet, the batch, and reading them back.
        assert!(core.journal.commits() - before <= 4, "{} syncs", core.journal.commits() - before);

        let before = core.journal.commits();
        let urgent = Hurry { breaking: true, by: Some("18:00".into()) };
        let again = add_files(&core, drop_of(&card, urgent)).await.unwrap();
        assert_eq!(again.transfers, first.transfers);
        assert!(core.journal.commits() - before <= 6, "{} syncs", core.journal.commits() - before);
        let live = core.live();
        assert_eq!(live.all().count(), 10_000);
        assert!(live.all().all(|one| one.transfer.urgency.breaking));
        assert!(live.standing().is_breaking(Direction::Up));
        assert_eq!(live.standing().line(Direction::Up).len(), 10_000);
    }

    #[tokio::test]
    async fn urgency_is_kept_across_restarts_and_a_deadline_remembers_its_zone() {
        let folder = tempfile::tempdir().unwrap();
        let clip = folder.path().join("clip.mxf");
        std::fs::write(&clip, "x").unwrap();
        let core = core_with_profile(&folder.path().join("home")).await;
        let hurry = Hurry { breaking: true, by: Some("18:00".into()) };
        let id = add_files(&core, drop_of(&clip, hurry)).await.unwrap().transfers[0];
        let said = core.with(id, |one| one.transfer.urgency.clone()).unwrap();
        drop(core);
        let core = Core::open(Home::at(folder.path().join("home")).unwrap()).await.unwrap();
        let kept = core.journal.read(|c| transfers::load(c, 0)).await.unwrap();
        assert_eq!(kept[0].urgency, said);
        assert_eq!(said.deadline.unwrap().zone, "Europe/Zurich");
    }

    #[tokio::test]
    async fn a_time_that_is_none_fails_the_whole_drop() {
        let folder = tempfile::tempdir().unwrap();
        let clip = folder.path().join("clip.mxf");
        std::fs::write(&clip, "x").unwrap();
        let core = core_with_profile(&folder.path().join("home")).await;
        let hurry = Hurry { breaking: false, by: Some("tonight".into()) };
        assert_eq!(add_files(&core, drop_of(&clip, hurry)).await.unwrap_err().code, Code::BadInput);
        assert_eq!(core.live().all().count(), 0);
    }
}
