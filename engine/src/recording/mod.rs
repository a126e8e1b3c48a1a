//! Files that are written while they go up: what a file is by its first bytes, and where one is that has another name now.
//! Reads a little of a file that comes from outside, and believes nothing of it. May not live here: what is sent.

mod whereabouts;

use std::fs::File;
use std::io::Read;
use std::path::Path;

pub(crate) use whereabouts::{Whereabouts, find, number_of, whereabouts};

/// What cameras and recorders write so that it can be read before it is whole, or all but.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    Mxf,
    MpegTs,
    /// MP4 or MOV whose index is written at the end.
    Mp4,
    FragmentedMp4,
    /// Also RF64 and BW64.
    Wav,
}

/// So far before the first partition pack of an MXF file something else may stand (SMPTE ST 377-1, run-in).
const RUN_IN: usize = 65_536;
/// The partition pack's universal label, without the byte of its version.
const PARTITION: (&[u8], &[u8]) = (&[0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01], &[0x0d, 0x01, 0x02, 0x01, 0x01, 0x02]);
/// As many packets in a row begin as they must: one byte alone proves nothing.
const PACKETS: usize = 5;

/// What a file is, by its first bytes. `None`: nothing that is known to be written piece by piece.
pub(crate) fn container_of(path: &Path) -> Option<Container> {
    let mut first = Vec::with_capacity(RUN_IN + 16);
    File::open(path).ok()?.take(RUN_IN as u64 + 16).read_to_end(&mut first).ok()?;
    sniff(&first)
}

fn sniff(first: &[u8]) -> Option<Container> {
    let four = |at: usize| first.get(at..at + 4);
    if matches!(four(0), Some(b"RIFF" | b"RF64" | b"BW64")) && four(8) == Some(b"WAVE") {
        return Some(Container::Wav);
    }
    // 188 bytes a packet; 192 where each has a time before it; 204 with their own error correction.
    let begins = |at: usize, step: usize| (0..PACKETS).all(|n| first.get(at + n * step) == Some(&0x47));
    if begins(0, 188) || begins(4, 192) || begins(0, 204) {
        return Some(Container::MpegTs);
    }
    if matches!(four(4), Some(b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot" | b"moof")) {
        return Some(if is_fragmented(first) { Container::FragmentedMp4 } else { Container::Mp4 });
    }
    let is_partition = |at: &[u8]| at.starts_with(PARTITION.0) && at.get(8..14) == Some(PARTITION.1);
    (0..first.len().min(RUN_IN + 1)).any(|at| is_partition(&first[at..])).then_some(Container::Mxf)
}

/// Whether what can be seen of it says that fragments come: an `mvex` within `moov`, or a fragment itself.
fn is_fragmented(first: &[u8]) -> bool {
    boxes(first).any(|(kind, inside)| match kind {
        b"moof" | b"styp" | b"sidx" => true,
        b"moov" => boxes(inside).any(|(kind, _)| kind == b"mvex"),
        _ => false,
    })
}

/// The boxes of ISO/IEC 14496-12, one after the other, as far as they are there. Sizes are whatever a stranger wrote.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (size, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let (size, head) = match u32::from_be_bytes(*size) {
            0 => (u64::MAX, 8),
            1 => (u64::from_be_bytes(*after.first_chunk::<8>()?), 16),
            size => (u64::from(size), 8),
        };
        let length = usize::try_from(size).unwrap_or(usize::MAX).min(rest.len());
        let inside = rest.get(head..length)?;
        rest = &rest[length..];
        Some((kind, inside))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bx(kind: &[u8; 4], inside: &[u8]) -> Vec<u8> {
        [&(inside.len() as u32 + 8).to_be_bytes()[..], kind, inside].concat()
    }

    #[test]
    fn containers_by_table() {
        let packets = |before: usize, step: usize| {
            let mut bytes = vec![0; 4_000];
            (0..8).for_each(|n| bytes[before + n * step] = 0x47);
            bytes
        };
        let partition =
            [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02, 0x01, 0x01, 0x02, 0x01, 0x00];
        let ftyp = bx(b"ftyp", b"isom");
        let fragments = bx(b"moov", &[bx(b"mvhd", b"xxxx"), bx(b"mvex", b"")].concat());
        for (bytes, is) in [
            (partition.to_vec(), Some(Container::Mxf)),
            ([&[0; 60_000][..], &partition].concat(), Some(Container::Mxf)),
            (packets(0, 188), Some(Container::MpegTs)),
            (packets(4, 192), Some(Container::MpegTs)),
            ([&b"RIFF\xff\xff\xff\xffWAVEfmt "[..], &[0; 40]].concat(), Some(Container::Wav)),
            (b"RF64\xff\xff\xff\xffWAVEds64".to_vec(), Some(Container::Wav)),
            ([&ftyp[..], &bx(b"free", b""), &[0, 0, 0, 1], b"mdat", &[0xff; 8]].concat(), Some(Container::Mp4)),
            ([&ftyp[..], &fragments].concat(), Some(Container::FragmentedMp4)),
            ([&ftyp[..], &bx(b"moov", &bx(b"mvhd", b"xxxx"))].concat(), Some(Container::Mp4)),
            (b"RIFF\0\0\0\0AVI LIST".to_vec(), None),
            (b"\x89PNG\r\n\x1a\n".to_vec(), None),
            (b"GGGGGGGG".to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(sniff(&bytes), is, "{:?}", &bytes[..bytes.len().min(24)]);
        }
    }

    proptest! {
        #[test]
        fn whatever_a_file_begins_with_it_is_only_looked_at(
            kind in prop::sample::select(vec![b"ftyp", b"moov", b"mdat", b"moof"]),
            first in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            sniff(&first);
            sniff(&[&first[..first.len().min(4)], kind, &first].concat());
        }
    }
}
