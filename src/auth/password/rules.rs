//! Which passwords are good enough: long, and not among the first that anybody tries. Pure.
//!
//! No classes of characters are asked for: they make passwords that people forget and programs guess.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// In characters: with fewer, chance alone is not enough.
pub const SHORTEST: usize = 12;

/// In characters: enough for a sentence, and bounds the work.
pub const LONGEST: usize = 128;

/// Digits and signs beside listed words that make a password of its own: `password` with a year and a
/// sign is not one. Any letter that is of no listed word does as much as these together.
const OWN: usize = 9;

/// Shorter pieces that are only repeated are not a password of their own either.
const LONGEST_PERIOD: usize = 6;

/// Words of the account and its holder that are shorter are in too many others.
const SHORTEST_CONTEXT: usize = 4;

/// Fewer characters that differ are no password of their own, in whatever order.
const FEWEST_CHARACTERS: usize = 5;

/// One a line, in lower case.
static COMMONEST: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("commonest.txt").lines().collect());

/// Why a password is not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Fewer than [`SHORTEST`] characters.
    #[error("must have at least {SHORTEST} characters")]
    TooShort,
    /// More than [`LONGEST`] characters.
    #[error("must have at most {LONGEST} characters")]
    TooLong,
    /// Among the first that anybody tries, or put together from those.
    #[error("is one of the first that others would try")]
    Common,
}

/// Has nothing against `password`, or says what. `about` are words that anybody knows of its holder: a
/// name, an address of mail, an organisation.
///
/// # Errors
/// The first rule that it breaks.
pub fn check(password: &str, about: &[&str]) -> Result<(), Weak> {
    match password.chars().take(LONGEST + 1).count() {
        ..SHORTEST => return Err(Weak::TooShort),
        length if length > LONGEST => return Err(Weak::TooLong),
        _ => {}
    }
    let lower = password.to_lowercase();
    let about: Vec<String> = about.iter().flat_map(|text| known(text)).collect();
    let chars: Vec<char> = lower.chars().collect();
    let differing = chars.iter().collect::<BTreeSet<_>>().len();
    let is_plain = differing < FEWEST_CHARACTERS || is_monotonous(&chars);
    let is_common = is_plain || is_made_of_known(&chars, &about);
    (!is_common).then_some(()).ok_or(Weak::Common)
}

/// The text as a whole, what is before an `@` in it, both also without what parts their words, and these words, as far
/// as each is long enough to mean somebody.
fn known(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let parts = |c: char| !c.is_alphanumeric();
    let local = lower.split('@').next().unwrap_or_default();
    let wholes = [lower.as_str(), local];
    let words = wholes.into_iter().chain(lower.split(parts));
    let joined = wholes.map(|whole| whole.replace(parts, ""));
    let all = words.map(str::to_owned).chain(joined);
    all.filter(|word| word.chars().count() >= SHORTEST_CONTEXT)
        .collect()
}

/// The letter that a sign often stands for.
fn unspelt(c: char) -> char {
    match c {
        '@' | '4' => 'a',
        '$' | '5' => 's',
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '7' => 't',
        other => other,
    }
}

/// Whether it is one short piece again and again, or goes up or down by one throughout.
fn is_monotonous(chars: &[char]) -> bool {
    let repeats = |period: usize| chars.iter().zip(&chars[period..]).all(|(a, b)| a == b);
    let code = |c: char| i64::from(u32::from(c));
    let goes_by = |step: i64| {
        chars
            .windows(2)
            .all(|pair| code(pair[0]) + step == code(pair[1]))
    };
    (1..=LONGEST_PERIOD).any(repeats) || goes_by(1) || goes_by(-1)
}

/// Whether listed words, with a few characters round them, are all that there is.
///
/// Goes from the left: for each place, how much is of no word up to there at the least.
fn is_made_of_known(chars: &[char], about: &[String]) -> bool {
    let mut fewest = vec![OWN; chars.len() + 1];
    fewest[0] = 0;
    let mut has_word = false;
    for (at, c) in chars.iter().enumerate() {
        let here = fewest[at];
        if here >= OWN {
            continue;
        }
        let own = if c.is_alphabetic() { OWN } else { 1 };
        fewest[at + 1] = fewest[at + 1].min(here + own);
        let listed = COMMONEST.iter().copied();
        for word in listed.chain(about.iter().map(String::as_str)) {
            if let Some(length) = length_at_start(word, &chars[at..]) {
                has_word = true;
                fewest[at + length] = fewest[at + length].min(here);
            }
        }
    }
    has_word && fewest[chars.len()] < OWN
}

/// How many characters `word` has, if `chars` begin with it, as it is written or with signs for letters.
fn length_at_start(word: &str, chars: &[char]) -> Option<usize> {
    let mut length = 0;
    for letter in word.chars() {
        let written = *chars.get(length)?;
        if written != letter && unspelt(written) != letter {
            return None;
        }
        length += 1;
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_length_decides_by_characters_and_not_by_bytes() {
        let twelve = "ñandú-über-é";
        assert_eq!(twelve.chars().count(), 12);
        assert_eq!(check(twelve, &[]), Ok(()));
        assert_eq!(check(&twelve[2..], &[]), Err(Weak::TooShort));
        let long: String = "wolkenbruch am see ".chars().cycle().take(128).collect();
        assert_eq!(check(&long, &[]), Ok(()));
        assert_eq!(check(&format!("{long}x"), &[]), Err(Weak::TooLong));
        assert_eq!(check(&"é".repeat(1_000_000), &[]), Err(Weak::TooLong));
        assert_eq!(check("", &[]), Err(Weak::TooShort));
    }

    #[test]
    fn what_others_would_try_first_is_refused_however_it_is_dressed_up() {
        for password in [
            "passwordpassword",
            "Password1234",
            "PASSWORD2026!",
            "P@ssw0rd1234",
            "p4$$w0rd!!!!",
            "123456789012",
            "1234567890123456",
            "987654321098",
            "qwertyuiop123",
            "1qaz2wsx3edc4rfv",
            "QwertyQwerty1",
            "letmein-letmein",
            "welcome-2026-10",
            "Admin12345678",
            "iloveyou4ever",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "abcdefghijklm",
            "mlkjihgfedcba",
            "xY9xY9xY9xY9",
            "correcthorsebatterystaple",
            "changeme.changeme",
            "supersecret_tank",
            "            x",
            "abbabaabbbab",
            "q1w2e3r4t5y6",
            "manchesterunited",
            "Unbelievable1!",
            "christopher1",
            "zaq12wsxcde3",
        ] {
            assert_eq!(check(password, &[]), Err(Weak::Common), "{password}");
        }
    }

    #[test]
    fn long_ones_of_any_kind_of_characters_are_good() {
        for password in [
            "the tide took our boat",
            "zwölf müde Esel",
            "840193756192",
            "vrxkqpmzwtnb",
            "x8#Kp!2vQ9zL",
            "水の塔は夜に歌うだろうかな",
            "password of the lighthouse keeper",
            "🌊🚰🪣🛢️⛲🏞️🌧️💧☔🧊🫗🥤",
        ] {
            assert_eq!(check(password, &[]), Ok(()), "{password}");
        }
    }

    #[test]
    fn what_anybody_knows_of_the_holder_is_no_password() {
        let about = ["perpetua.ruiz@riego-sur.example", "Perpetua Ruiz"];
        for password in [
            "perpetua-ruiz-1",
            "PerpetuaPerpetua",
            "ruiz@riego2026",
            "perpetua12345678",
        ] {
            assert_eq!(check(password, &about), Err(Weak::Common), "{password}");
        }
        let short = ["ana.li@example.org", "Ana Li"];
        for password in [
            "ana.li@example.org",
            "Ana.Li@Example.Org1",
            "ana.li123456",
            "analianaliAnaLi",
            "Ana Li!!!!!!",
        ] {
            assert_eq!(check(password, &short), Err(Weak::Common), "{password}");
        }
        assert_eq!(check("perpetua-ruiz-1", &[]), Ok(()));
        assert_eq!(check("perpetua likes lemon trees", &about), Ok(()));
    }

    #[test]
    fn the_list_is_in_lower_case_without_a_line_twice_and_of_some_hundreds() {
        let list = &*COMMONEST;
        assert!((300..2_000).contains(&list.len()), "{}", list.len());
        assert!(list.is_sorted_by(|a, b| a < b));
        for word in list {
            assert_eq!(*word, word.to_lowercase());
            assert!(
                word.len() >= 3 && !word.contains(char::is_whitespace),
                "{word:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(password in "\\PC{0,200}", about in "\\PC{0,60}") {
            let _any = check(&password, &[&about]);
        }

        #[test]
        fn capitals_never_make_a_common_password_good(index in any::<prop::sample::Index>(), number in 0_u32..99_999) {
            let word = COMMONEST[index.index(COMMONEST.len())];
            let password = format!("{word}{word}{word}{word}{number}");
            let length = password.chars().count();
            prop_assume!((SHORTEST..=LONGEST).contains(&length));
            prop_assert_eq!(check(&password, &[]), Err(Weak::Common));
            let upper = password.to_ascii_uppercase();
            prop_assert_eq!(check(&upper, &[]), Err(Weak::Common));
        }

        #[test]
        fn letters_by_chance_are_good(password in "[bcdfghjkmnpqrtvwxz]{16,40}") {
            prop_assert_eq!(check(&password, &[]), Ok(()));
        }
    }
}
