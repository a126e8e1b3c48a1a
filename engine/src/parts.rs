//! The plan of a transfer: which bytes travel as which part, and the strip that draws them. Pure. S3's limits live here
//! and nowhere else.

use crate::api::{Cell, Run};
use crate::error::{Code, Error, Result};

pub const MIB: u64 = 1 << 20;
/// S3's smallest part, except for the last one.
pub const MIN_PART: u64 = 5 * MIB;
pub const MAX_PART: u64 = 5 << 30;
pub const MAX_PARTS: u64 = 10_000;
pub const MAX_OBJECT: u64 = MAX_PARTS * MAX_PART;

/// Parts stay at S3's smallest until a file has more of them than connections are of use on any link we know.
const USEFUL_PARTS: u64 = 128;
/// A larger part gains nothing on a fast link and costs minutes on a slow one when its connection is lost.
const LARGE_PART: u64 = 32 * MIB;
/// What a camera writes in a day at 200 Mb/s: so far a recording's parts stay as small as their numbers allow.
const LONG_RECORDING: u64 = 2_160_000_000_000;
/// Of a recording, so far all parts are S3's smallest. Recorders come back to places all over what they have written, such as
/// the partitions of MXF every ten seconds: the smaller the parts, the less goes again.
const SHORT_RECORDING: u64 = 4_000_000_000;
/// After that they grow with the root of what was written since, in bytes: a day then takes 8,100 numbers.
const BY_ROOT: u64 = 400;
/// What a recording's end is cut into, so that it goes by several connections.
const TAIL_PARTS: u64 = 16;
/// Downloads have no smallest part: finer ranges, so that a kill loses little.
const FEW_RANGES: u64 = 4_096;

/// The strip is at most this many columns wide.
const COLUMNS: usize = 200;

/// Bytes `offset .. offset + length` of the file. Numbers begin at 1, as in S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub number: u32,
    pub offset: u64,
    pub length: u64,
}

/// The size of every part but the last, in bytes: whole MiB.
pub fn part_size(size: u64) -> u64 {
    let for_speed = (size / USEFUL_PARTS).clamp(MIN_PART, LARGE_PART);
    let for_count = size.div_ceil(MAX_PARTS);
    for_speed.max(for_count).div_ceil(MIB) * MIB
}

/// The parts of a file of `size` bytes. An empty file has one empty part.
pub fn plan(size: u64) -> Result<Vec<Part>> {
    if size > MAX_OBJECT {
        return Err(Error::new(
            Code::TooLarge,
            "This file is larger than S3 holds in one object (48.8 TiB). Split it.",
        ));
    }
    Ok(cut(size, part_size(size)))
}

fn cut(size: u64, each: u64) -> Vec<Part> {
    let count = size.div_ceil(each).max(1);
    (0..count).map(|i| Part { number: (i + 1) as u32, offset: i * each, length: each.min(size - i * each) }).collect()
}

/// How long the part of a recording is that begins at `offset`. The first ones leave at once, and what is not sent when
/// the camera stops is seconds of it: 5 MiB in the first ten minutes, 56 MB after an hour at 50 Mb/s.
pub fn grown_length(offset: u64) -> u64 {
    if offset >= LONG_RECORDING {
        return MAX_PART;
    }
    (offset.saturating_sub(SHORT_RECORDING).isqrt() * BY_ROOT)
        .div_ceil(MIB)
        .saturating_mul(MIB)
        .clamp(MIN_PART, MAX_PART)
}

/// The parts that a recording has grown past, after the last one that is planned. None where the numbers have run out:
/// beyond 11 TiB such a file is sent when it has ended, by [`plan`].
pub fn grown(last: Option<Part>, size: u64) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut last = last;
    loop {
        let (number, offset) = after(last);
        let part = Part { number, offset, length: grown_length(offset) };
        // One number is kept for the end.
        if u64::from(number) >= MAX_PARTS || offset + part.length > size {
            return parts;
        }
        parts.push(part);
        last = Some(part);
    }
}

/// What is left of a recording that has ended, after the last part that is planned. `None` where it is more than the
/// numbers that are left can hold.
pub fn tail(last: Option<Part>, size: u64) -> Option<Vec<Part>> {
    let (number, offset) = after(last);
    let rest = size.checked_sub(offset)?;
    if rest == 0 && last.is_some() {
        return Some(Vec::new());
    }
    let numbers = (MAX_PARTS + 1).saturating_sub(u64::from(number));
    let each = rest.div_ceil(numbers.clamp(1, TAIL_PARTS)).div_ceil(MIB).saturating_mul(MIB).max(MIN_PART);
    if numbers == 0 || each > MAX_PART {
        return None;
    }
    let there = |part: Part| Part { number: number + part.number - 1, offset: offset + part.offset, ..part };
    Some(cut(rest, each).into_iter().map(there).collect())
}

/// How many of a recording's parts stay, now that it has this size and goes on: those that it holds, but for an end that
/// is too short to have anything after it.
pub fn kept(parts: &[Part], size: u64) -> usize {
    parts.iter().take_while(|part| part.length >= MIN_PART && part.offset + part.length <= size).count()
}

fn after(last: Option<Part>) -> (u32, u64) {
    last.map_or((1, 0), |part| (part.number + 1, part.offset + part.length))
}

/// The ranges of a download of `size` bytes: a whole number of MiB each, but the last.
pub fn ranges(size: u64) -> Result<Vec<Part>> {
    if size > MAX_OBJECT {
        return plan(size);
    }
    Ok(cut(size, size.div_ceil(FEW_RANGES).div_ceil(MIB).max(1) * MIB))
}

/// The condition of one part, for the strip: the lane that carried it, or carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Open,
    InFlight(u32),
    Acked(u32),
}

/// Neighbours in the same condition as runs. Where there are more parts than columns, a column shows what the least
/// advanced of its parts has reached: the picture never promises more than is true.
pub fn strip(conditions: &[Condition]) -> Vec<Run> {
    let columns = conditions.len().min(COLUMNS);
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..columns {
        let from = column * conditions.len() / columns;
        let to = (column + 1) * conditions.len() / columns;
        let least = conditions[from..to].iter().copied().min_by_key(|c| rank(*c)).unwrap_or(Condition::Open);
        let (is, lane) = match least {
            Condition::Open => (Cell::Open, 0),
            Condition::InFlight(lane) => (Cell::InFlight, lane),
            Condition::Acked(lane) => (Cell::Acked, lane),
        };
        match runs.last_mut() {
            Some(run) if run.is == is && run.lane == lane => run.n += 1,
            _ => runs.push(Run { is, lane, n: 1 }),
        }
    }
    runs
}

fn rank(condition: Condition) -> u8 {
    match condition {
        Condition::Open => 0,
        Condition::InFlight(_) => 1,
        Condition::Acked(_) => 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Every plan covers the file exactly, in order, within all of S3's limits.
        #[test]
        fn a_plan_covers_the_file_within_s3s_limits(size in prop_oneof![0..200 * MIB, 0..MAX_OBJECT]) {
            let parts = plan(size).unwrap();
            prop_assert!(parts.len() as u64 <= MAX_PARTS);
            let mut next = 0;
            for (i, part) in parts.iter().enumerate() {
                prop_assert_eq!(part.number as usize, i + 1);
                prop_assert_eq!(part.offset, next);
                prop_assert!(part.length <= MAX_PART);
                prop_assert!(part.length >= MIN_PART || i + 1 == parts.len());
                next += part.length;
            }
            prop_assert_eq!(next, size);
        }

        /// However a recording grows, stops, goes on and is cut: its parts cover it exactly, within all of S3's limits.
        #[test]
        fn a_recordings_parts_cover_it_within_s3s_limits(
            sizes in prop::collection::vec(prop_oneof![9 => 0..400 * MIB, 1 => 0..2 * LONG_RECORDING], 1..6),
        ) {
            let mut parts: Vec<Part> = Vec::new();
            for size in sizes {
                let stay = kept(&parts, size);
                parts.truncate(stay);
                parts.extend(grown(parts.last().copied(), size));
                prop_assert!(parts.iter().all(|part| part.length >= MIN_PART), "only the last one may be short");
                let Some(tail) = tail(parts.last().copied(), size) else { panic!("{size} bytes have no end") };
                parts.extend(tail);
                let mut next = 0;
                for (i, part) in parts.iter().enumerate() {
                    prop_assert_eq!(part.number as usize, i + 1);
                    prop_assert_eq!(part.offset, next);
                    prop_assert!(part.length <= MAX_PART);
                    prop_assert!(part.length >= MIN_PART || i + 1 == parts.len());
                    next += part.length;
                }
                prop_assert_eq!(next, size);
                prop_assert!(parts.len() as u64 <= MAX_PARTS);
            }
        }

        /// What is not sent yet when the camera stops is little: at 50 Mb/s, seconds.
        #[test]
        fn a_recordings_parts_grow_slowly(offset in 0..LONG_RECORDING) {
            let (length, next) = (grown_length(offset), grown_length(offset + MIB));
            prop_assert!(next >= length && length % MIB == 0);
            prop_assert!(length <= MIN_PART.max(offset / 20));
        }

        #[test]
        fn a_strip_is_never_wider_than_its_columns(states in prop::collection::vec(0..3u8, 1..3000)) {
            let conditions: Vec<_> = states.iter().map(|s| match s {
                0 => Condition::Open, 1 => Condition::InFlight(1), _ => Condition::Acked(1),
            }).collect();
            let runs = strip(&conditions);
            prop_assert!(runs.iter().map(|r| r.n as usize).sum::<usize>() == conditions.len().min(COLUMNS));
            let all_acked = states.iter().all(|s| *s == 2);
            prop_assert_eq!(runs.iter().all(|r| r.is == Cell::Acked), all_acked);
        }
    }

    #[test]
    fn a_days_recording_and_eleven_tebibytes_have_numbers_enough() {
        let day = grown(None, LONG_RECORDING);
        assert!(day.len() < 8_200, "{}", day.len());
        assert!(day.iter().all(|part| part.length < 600 * MIB));
        let most = grown(None, MAX_OBJECT);
        let end = most.last().map_or(0, |part| part.offset + part.length);
        assert!(most.len() as u64 == MAX_PARTS - 1 && end > 11 << 40, "{end}");
        // Beyond it is not followed any more: it goes when it has ended, as any file of its size.
        assert!(
            tail(most.last().copied(), end + MAX_PART).is_some()
                && tail(most.last().copied(), end + MAX_PART + 1).is_none()
        );
    }

    #[test]
    fn sizes_by_table() {
        for (size, each, count) in [
            (0, 5 * MIB, 1),
            (1, 5 * MIB, 1),
            (5 * MIB, 5 * MIB, 1),
            (5 * MIB + 1, 5 * MIB, 2),
            (500_000_000, 5 * MIB, 96),
            (5_000_000_000, 32 * MIB, 150),
            (10_000 * 5 * MIB + 1, 32 * MIB, 1563),
            (MAX_OBJECT, MAX_PART, 10_000),
        ] {
            assert_eq!((part_size(size), plan(size).unwrap().len()), (each, count), "{size} bytes");
        }
        assert_eq!(plan(MAX_OBJECT + 1).unwrap_err().code, Code::TooLarge);
    }
}
