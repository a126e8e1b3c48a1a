//! What becomes of an upload's plan while it is sent: a recording's grows, and when it has ended, what was sent of it is held
//! against what the file holds. A whole file's plan stays as it is. Holds and hears; decides nothing.

use std::collections::HashMap;

use tokio::sync::mpsc;

use crate::integrity::Crc64;
use crate::parts::Part;

/// Told in order by whoever follows the file.
pub(super) enum News {
    /// These are journaled, and come after those that are planned.
    Parts(Vec<Part>),
    /// As `Parts`, and there will be no more. Also what was held until now.
    Last(Vec<Part>),
    /// What the file holds of a part, now that it has ended.
    Holds(u32, Crc64),
}

pub(super) struct Growth {
    news: Option<mpsc::Receiver<News>>,
    ended: bool,
    /// Of parts that were under way when they were read again, by their place in the plan.
    holds: HashMap<usize, Crc64>,
}

impl Growth {
    /// Of a file that is whole.
    pub(super) fn none() -> Growth {
        Growth { news: None, ended: true, holds: HashMap::new() }
    }

    /// Of one that grows, or that is compared with what was sent of it.
    pub(super) fn told_by(news: mpsc::Receiver<News>, grows: bool) -> Growth {
        Growth { news: Some(news), ended: !grows, holds: HashMap::new() }
    }

    /// A recorder comes back to the beginning of its file at the end, as a rule: the first part waits for that.
    pub(super) fn is_held(&self, i: usize) -> bool {
        !self.ended && i == 0
    }

    /// Nothing more comes to the plan.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// More may be heard: it is not over yet.
    pub(super) fn goes_on(&self) -> bool {
        self.news.is_some()
    }

    /// May be dropped: nothing is lost. `None` when all is said.
    pub(super) async fn hear(&mut self) -> Option<News> {
        let news = self.news.as_mut()?.recv().await;
        match news {
            Some(News::Last(_)) => self.ended = true,
            Some(_) => {}
            None => self.news = None,
        }
        news
    }

    /// A part is under way, and the file holds this of it.
    pub(super) fn expect(&mut self, i: usize, crc: Crc64) {
        self.holds.insert(i, crc);
    }

    /// Whether a part was read, for sending, before the file held what it holds now. Asked once: should it be read wrong a
    /// second time, the file was changed again, which the last look at it tells.
    pub(super) fn was_read_too_soon(&mut self, i: usize, crc: Crc64) -> bool {
        self.holds.remove(&i).is_some_and(|holds| holds != crc)
    }
}
