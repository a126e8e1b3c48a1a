//! Timecodes and lengths as cameras write them. Pure.

/// Longer than any recording: ten days.
const MOST_SECONDS: f64 = 864_000.0;

/// `10:21:05:00`, `10:21:05;02`, `10:21:05.02`. `None` of anything else.
pub(super) fn timecode(said: &str) -> Option<String> {
    let said = said.trim();
    let bytes = said.as_bytes();
    let shaped = bytes.len() == 11
        && bytes.iter().enumerate().all(|(i, b)| match i {
            2 | 5 => *b == b':',
            8 => matches!(b, b':' | b';' | b'.'),
            _ => b.is_ascii_digit(),
        });
    if !shaped {
        return None;
    }
    let number = |at: usize| said[at..at + 2].parse::<u32>().unwrap_or(99);
    let mark = if bytes[8] == b':' { ':' } else { ';' };
    in_range(number(0), number(3), number(6), number(9), mark)
}

/// SMPTE 12M in eight hex digits, frames first: `00052110` is 10:21:05:00. Bits beside the figures are flags.
pub(super) fn smpte(said: &str) -> Option<String> {
    let said = said.trim();
    if said.len() != 8 || !said.is_ascii() {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(&said[at..at + 2], 16).ok();
    let figure = |byte: u8, mask: u8| {
        let (tens, ones) = ((byte & mask) >> 4, byte & 0x0f);
        (ones < 10).then_some(u32::from(tens) * 10 + u32::from(ones))
    };
    let (frames, seconds, minutes, hours) = (byte(0)?, byte(2)?, byte(4)?, byte(6)?);
    let drops = if frames & 0x40 == 0 { ':' } else { ';' };
    in_range(figure(hours, 0x30)?, figure(minutes, 0x70)?, figure(seconds, 0x70)?, figure(frames, 0x30)?, drops)
}

fn in_range(hours: u32, minutes: u32, seconds: u32, frames: u32, mark: char) -> Option<String> {
    let is_one = hours < 24 && minutes < 60 && seconds < 60 && frames < 60;
    is_one.then(|| format!("{hours:02}:{minutes:02}:{seconds:02}{mark}{frames:02}"))
}

/// Seconds, to the thousandth.
pub(super) fn seconds(seconds: f64) -> Option<String> {
    (seconds > 0.0 && seconds < MOST_SECONDS).then(|| format!("{seconds:.3}"))
}

/// So many frames at so many a second.
pub(super) fn frames(count: &str, rate: f64) -> Option<String> {
    let count: u32 = count.trim().parse().ok()?;
    seconds(f64::from(count) / rate)
}

/// Frames a second, as `25p`, `50i`, `59.94i`, `29.97`: two fields of interlaced video are a frame.
pub(super) fn rate(said: &str) -> Option<f64> {
    let said = said.trim();
    let figure = said.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let halves = if said.ends_with(['i', 'I']) { 2.0 } else { 1.0 };
    let rate = match figure {
        "23.98" | "23.976" => 24_000.0 / 1001.0,
        "29.97" => 30_000.0 / 1001.0,
        "59.94" => 60_000.0 / 1001.0,
        "119.88" => 120_000.0 / 1001.0,
        other => other.parse().ok()?,
    };
    let rate = rate / halves;
    (1.0..=1000.0).contains(&rate).then_some(rate)
}

/// A length of a frame, as `1/25` or `1001/30000`, as frames a second.
pub(super) fn edit_rate(unit: &str) -> Option<f64> {
    let (length, of) = unit.trim().split_once('/')?;
    let (length, of): (f64, f64) = (length.trim().parse().ok()?, of.trim().parse().ok()?);
    let rate = of / length;
    (1.0..=100_000.0).contains(&rate).then_some(rate)
}
