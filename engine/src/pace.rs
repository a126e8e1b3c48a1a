//! How many requests a direction of a lane has in flight. Pure: it is fed samples and says a number.

/// Until the link is better known.
const START: usize = 8;

#[derive(Clone, Copy, Debug)]
pub struct Pace {
    allowed: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { allowed: START }
    }
}

impl Pace {
    pub fn allowed(&self) -> usize {
        self.allowed
    }
}
