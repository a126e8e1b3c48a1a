//! Local file names from object keys. Pure. Keys are hostile: whatever they say, a file stays in the chosen folder and
//! overwrites nothing. (That nothing is overwritten is decided where the name is claimed, in `sink`.)

use sanitize_filename::{Options, sanitize_with_options};

use crate::keys;

/// What every file system of the three desktops takes, in bytes.
const MAX_NAME_BYTES: usize = 255;
const PART_ENDING: &str = ".part";

/// A plain file name for the object's last segment, safe on Linux, macOS and Windows alike.
pub fn local_name(key: &str) -> String {
    let last = key.rsplit(['/', '\\']).find(|s| !s.trim_matches(['.', ' ']).is_empty()).unwrap_or("");
    let sane = |name: &str| sanitize_with_options(name, Options { windows: true, truncate: false, replacement: "_" });
    let safe = sane(last);
    // Of a name that Windows keeps to itself, such as CON.txt, nothing is left: with a letter before it, it is any name.
    let safe = if safe.is_empty() || safe == "_" { sane(&format!("_{}", last.trim_matches(['.', ' ']))) } else { safe };
    let safe = if safe.chars().all(|c| c == '_') { "unnamed".to_owned() } else { safe };
    shortened(&safe, MAX_NAME_BYTES)
}

/// The name that a download bears until it is whole.
pub fn part_name(name: &str) -> String {
    format!("{}{PART_ENDING}", shortened(name, MAX_NAME_BYTES - PART_ENDING.len()))
}

/// The `n`th name to try where one is taken. From the second on there is room for `PART_ENDING` too, so that two of them never
/// share that name.
pub fn numbered(name: &str, n: u32) -> String {
    let whole = keys::numbered(name, n);
    let most = MAX_NAME_BYTES - PART_ENDING.len();
    if n < 2 || whole.len() <= most {
        return whole;
    }
    keys::numbered(&shortened(name, most - (whole.len() - name.len())), n)
}

/// Cuts from the middle so that the ending stays, at a character's border.
fn shortened(name: &str, max: usize) -> String {
    if name.len() <= max {
        return name.to_owned();
    }
    let ending = name.rfind('.').map(|dot| &name[dot..]).filter(|e| e.len() <= 32 && e.len() < max).unwrap_or("");
    let mut stem = max - ending.len();
    while !name.is_char_boundary(stem) {
        stem -= 1;
    }
    // What Windows would leave out is not what a name ends with.
    let stem = if ending.is_empty() { name[..stem].trim_end_matches(['.', ' ']) } else { &name[..stem] };
    if stem.is_empty() && ending.is_empty() { "unnamed".to_owned() } else { format!("{stem}{ending}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_keys_by_table() {
        for (key, name) in [
            ("Nairobi/2026-11-22/clip.mxf", "clip.mxf"),
            ("../../x", "x"),
            ("/etc/x", "x"),
            ("C:\\x", "x"),
            ("..\\..\\windows\\x.dll", "x.dll"),
            ("CON", "_CON"),
            ("CON.a|b?c:d\n", "_CON.a_b_c_d_"),
            ("..CON.", "..CON_"),
            ("?", "unnamed"),
            ("a/NUL.txt", "_NUL.txt"),
            ("a/..", "a"),
            ("a//", "a"),
            ("..", "unnamed"),
            ("", "unnamed"),
            ("<img src=x onerror=alert(1)>.mp4", "_img src=x onerror=alert(1)_.mp4"),
            ("a\0b\n.mp4", "a_b_.mp4"),
            ("trailing. ", "trailing_"),
            ("clip: take 1?.mov", "clip_ take 1_.mov"),
            ("новости дня.mp4", "новости дня.mp4"),
        ] {
            assert_eq!(local_name(key), name, "{key:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending() {
        let exact = format!("{}.mp4", "x".repeat(251));
        assert_eq!(local_name(&exact), exact);
        let long = format!("{}.mp4", "é".repeat(400));
        assert!(local_name(&long).len() <= 255 && local_name(&long).ends_with("é.mp4"));
        assert!(part_name(&exact).len() <= 255 && part_name(&exact).ends_with(".mp4.part"));
    }

    #[test]
    fn taken_names_that_are_as_long_as_can_be_still_have_a_number() {
        let long = format!("{}.mp4", "é".repeat(125));
        let tried: Vec<String> = [1, 2, 3, 9_999].map(|n| numbered(&long, n)).into();
        assert!(tried[1].ends_with("é-2.mp4") && tried[3].ends_with("é-9999.mp4"), "{tried:?}");
        let parts: std::collections::HashSet<String> = tried.iter().map(|name| part_name(name)).collect();
        assert!(parts.len() == 4 && tried.iter().chain(&parts).all(|name| name.len() <= 255));
        assert_eq!(numbered("clip.mp4", 2), "clip-2.mp4");
        assert_eq!(local_name(&format!("{}{}{}", "x".repeat(250), " ".repeat(9), "y".repeat(40))), "x".repeat(250));
    }

    proptest! {
        #[test]
        fn no_key_names_a_file_elsewhere(key in "\\PC{0,300}|[./\\\\:a-z\\x00-\\x1f]{0,60}|(CON|nul|Com1)[.][\\x00-\\x7f]{0,20}") {
            let name = local_name(&key);
            prop_assert!(!name.is_empty() && name.len() <= 255);
            prop_assert!(!name.contains(['/', '\\', '\0', ':']));
            prop_assert!(name != "." && name != "..");
            let joined = std::path::Path::new("/chosen").join(&name);
            prop_assert_eq!(joined.parent(), Some(std::path::Path::new("/chosen")));
        }
    }
}
