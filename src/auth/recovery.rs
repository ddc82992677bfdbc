//! Recovery codes, for whoever lost their authenticator: shown once, kept as digests, good once each.
//!
//! 80 bits of chance need no slow digest. That a code was used is the store's to remember.

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::base32::{ALPHABET, base32};
use super::chance::{NoChance, random};

/// How many a person is given to keep in a drawer.
pub const RECOVERY_CODES: usize = 10;

/// 80 bits: past guessing even from the digests.
const BYTES: usize = 10;
const LETTERS: usize = BYTES * 8 / 5;
const GROUP: usize = 4;

/// What is longer is no code, however it is spaced.
const LONGEST_TYPED: usize = 64;

/// A new code, which nobody knows yet.
#[derive(Debug)]
pub struct RecoveryCode {
    /// Four groups of four letters and digits, to be shown once.
    pub text: SecretString,
    /// What is kept of it: the SHA-256 of its letters without the hyphens.
    pub digest: [u8; 32],
}

/// Ten new codes.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn recovery_codes() -> Result<Vec<RecoveryCode>, NoChance> {
    (0..RECOVERY_CODES).map(|_| recovery_code()).collect()
}

fn recovery_code() -> Result<RecoveryCode, NoChance> {
    let bytes: Zeroizing<[u8; BYTES]> = random()?;
    let letters = Zeroizing::new(base32(&*bytes));
    let mut text = String::with_capacity(LETTERS + LETTERS / GROUP);
    for (index, letter) in letters.chars().enumerate() {
        if index > 0 && index.is_multiple_of(GROUP) {
            text.push('-');
        }
        text.push(letter);
    }
    Ok(RecoveryCode {
        digest: sha256(letters.as_bytes()),
        text: text.into(),
    })
}

/// The digest by which a typed code is looked for; none where it cannot be a code. Small letters, hyphens
/// and spaces are as good, and 0 and 1 are read as O and I, since no code has those digits.
pub fn recovery_digest(typed: &str) -> Option<[u8; 32]> {
    if typed.len() > LONGEST_TYPED {
        return None;
    }
    let letter = |byte: u8| match byte.to_ascii_uppercase() {
        b'0' => b'O',
        b'1' => b'I',
        other => other,
    };
    let typed = typed.bytes().filter(|byte| !matches!(byte, b'-' | b' '));
    let letters: Zeroizing<Vec<u8>> = Zeroizing::new(typed.map(letter).collect());
    let is_code = letters.len() == LETTERS && letters.iter().all(|byte| ALPHABET.contains(byte));
    is_code.then(|| sha256(&letters))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn ten_codes_are_ten_and_each_is_found_however_it_is_typed() {
        let codes = recovery_codes().unwrap();
        assert_eq!(codes.len(), 10);
        for (index, code) in codes.iter().enumerate() {
            let text = code.text.expose_secret();
            assert_eq!(text.len(), 19);
            let is_same = |other: &RecoveryCode| other.digest == code.digest;
            assert!(!codes[..index].iter().any(is_same));
            let bare = text.replace('-', "");
            let misread = text.replace('O', "0").replace('I', "1");
            for typed in [
                text,
                &bare.to_lowercase(),
                &text.replace('-', " "),
                &misread,
            ] {
                assert_eq!(recovery_digest(typed), Some(code.digest), "{typed}");
            }
        }
    }

    #[test]
    fn what_cannot_be_a_code_is_not_looked_for() {
        let good = "ABCD-EFGH-IJKL-MNOP";
        assert!(recovery_digest(good).is_some());
        for typed in [
            "",
            "ABCD-EFGH-IJKL-MNO",
            "ABCD-EFGH-IJKL-MNOPQ",
            "ABCD-EFGH-IJKL-MN8P",
        ] {
            assert_eq!(recovery_digest(typed), None, "{typed}");
        }
        assert_eq!(recovery_digest(&good.replace('-', &"-".repeat(20))), None);
    }

    #[test]
    fn a_code_is_not_shown_by_accident() {
        let code = recovery_code().unwrap();
        assert!(!format!("{code:?}").contains(code.text.expose_secret()));
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at_without_a_panic(typed in "\\PC{0,80}") {
            let _any = recovery_digest(&typed);
        }
    }
}
