//! Codes of an authenticator: RFC 6238, SHA-1, six digits, 30 s. Pure, but for the chance that makes
//! secrets.
//!
//! A code is good once: whoever checks one keeps the step that it was of, and hands it in with the next.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use evara_actors::domain::Timestamp;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use super::base32::base32;
use super::chance::{NoChance, random};

/// As authenticators expect it, which know no other.
const STEP_SECS: i64 = 30;
const DIGITS: usize = 6;
const MODULUS: u32 = 1_000_000;

/// How many steps a telephone's clock may be off, either way.
const DRIFT: i64 = 1;

/// RFC 4226's recommendation: the length of SHA-1.
const SECRET_BYTES: usize = 20;

/// What is longer is no code, however it is spaced.
const LONGEST_TYPED: usize = 64;

/// A secret for an authenticator: 20 random bytes.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn new_secret() -> Result<SecretSlice<u8>, NoChance> {
    let bytes: Zeroizing<[u8; SECRET_BYTES]> = random()?;
    Ok(SecretSlice::from(bytes.to_vec()))
}

/// The `otpauth:` URI that authenticators read, for a QR code that is drawn where it is seen.
pub fn enrolment_uri(issuer: &str, account: &str, secret: &SecretSlice<u8>) -> SecretString {
    let encoded = |text: &str| -> String {
        url::form_urlencoded::byte_serialize(text.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    let (issuer, account) = (encoded(issuer), encoded(account));
    let secret = Zeroizing::new(base32(secret.expose_secret()));
    let secret = secret.as_str();
    let rest = "algorithm=SHA1&digits=6&period=30";
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&{rest}").into()
}

/// The step that `code` is of, if it is of one near `now` and after `last_step`: the one that a code was
/// good for before, which the caller must have kept. Spaces in a code mean nothing.
pub fn verify(
    secret: &SecretSlice<u8>,
    code: &str,
    now: Timestamp,
    last_step: Option<i64>,
) -> Option<i64> {
    let given = digits(code)?;
    let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose_secret());
    let step = now.millis().div_euclid(1000).div_euclid(STEP_SECS);
    let mut found = None;
    // All of them, always: time is not to tell which one it was.
    for step in step - DRIFT..=step + DRIFT {
        let is_new = last_step.is_none_or(|last| step > last);
        let is_same = verify_slices_are_equal(&code_at(&key, step), &given).is_ok();
        if is_same && is_new {
            found = found.or(Some(step));
        }
    }
    found
}

fn digits(code: &str) -> Option<[u8; DIGITS]> {
    if code.len() > LONGEST_TYPED {
        return None;
    }
    let typed: Vec<u8> = code.bytes().filter(|byte| *byte != b' ').collect();
    let digits: [u8; DIGITS] = typed.try_into().ok()?;
    digits.iter().all(u8::is_ascii_digit).then_some(digits)
}

/// RFC 4226, section 5.3.
fn code_at(key: &Key, step: i64) -> [u8; DIGITS] {
    let tag = sign(key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0xf);
    let mut word = [0; 4];
    word.copy_from_slice(&tag[offset..offset + 4]);
    let mut rest = (u32::from_be_bytes(word) & 0x7fff_ffff) % MODULUS;
    let mut code = [b'0'; DIGITS];
    for digit in code.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    code
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6238's.
    fn secret() -> SecretSlice<u8> {
        SecretSlice::from(b"12345678901234567890".to_vec())
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        // Appendix B, of which authenticators show the last six digits.
        for (secs, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(
                verify(&secret(), code, at(secs), None),
                Some(secs / 30),
                "{secs}"
            );
        }
    }

    #[test]
    fn a_code_is_good_a_step_early_and_late_and_no_more() {
        let good: Vec<i64> = (1_111_111_000..1_111_111_200)
            .filter(|secs| verify(&secret(), "050471", at(*secs), None).is_some())
            .collect();
        let step = 1_111_111_111 / 30 * 30;
        assert_eq!((good[0], good.len()), (step - 30, 90));
    }

    #[test]
    fn a_code_is_good_once_and_none_before_it_is_good_after_it() {
        let now = at(1_111_111_111);
        let step = verify(&secret(), "050471", now, None).unwrap();
        assert_eq!(verify(&secret(), "050471", now, Some(step)), None);
        assert_eq!(
            verify(&secret(), "081804", now, Some(step)),
            None,
            "the one before"
        );
        assert_eq!(
            verify(&secret(), "081804", now, Some(step - 2)),
            Some(step - 1)
        );
    }

    #[test]
    fn what_is_not_six_digits_is_no_code() {
        let now = at(1_111_111_111);
        assert!(verify(&secret(), "050 471", now, None).is_some());
        for code in [
            "",
            "50471",
            "0050471",
            "05047l",
            "050471\0",
            "०५०४७१",
            "050-471",
            "-50471",
        ] {
            assert_eq!(verify(&secret(), code, now, None), None, "{code}");
        }
        let long = format!("{}050471", " ".repeat(60));
        assert_eq!(verify(&secret(), &long, now, None), None);
    }

    #[test]
    fn an_authenticator_is_told_all_that_it_needs() {
        let uri = enrolment_uri("Evara Süd", "ana+1@example.org", &secret());
        assert_eq!(
            uri.expose_secret(),
            "otpauth://totp/Evara%20S%C3%BCd:ana%2B1%40example.org\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Evara%20S%C3%BCd\
             &algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn a_secret_is_as_long_as_it_should_be_and_not_shown_by_accident() {
        let secret = new_secret().unwrap();
        assert_eq!(secret.expose_secret().len(), 20);
        assert_ne!(
            secret.expose_secret(),
            new_secret().unwrap().expose_secret()
        );
        assert!(format!("{secret:?}").contains("REDACTED"));
    }

    proptest! {
        #[test]
        fn any_text_and_time_is_looked_at_without_a_panic(
            code in "\\PC{0,80}",
            millis in any::<i64>(),
            last in any::<Option<i64>>(),
        ) {
            let _any = verify(&secret(), &code, Timestamp::from_millis(millis), last);
        }

        #[test]
        fn no_code_is_good_twice(secs in 0_i64..4_000_000_000, early in -30_i64..=30, late in 0_i64..120) {
            let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret().expose_secret());
            let code = code_at(&key, (secs + early).div_euclid(30));
            let code = std::str::from_utf8(&code).unwrap();
            let step = verify(&secret(), code, at(secs), None);
            prop_assert!(step.is_some());
            let again = verify(&secret(), code, at(secs + late), step);
            // The same six digits may be another step's, once in a million.
            prop_assert!(again.is_none() || again > step);
        }
    }
}
