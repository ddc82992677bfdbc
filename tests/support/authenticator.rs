//! An authenticator, written from RFC 6238 alone: what it shows is what people type.

use aws_lc_rs::hmac;

/// The six digits that the authenticator which was shown `uri` shows at `second`, counted from 1970.
pub(crate) fn shown(uri: &str, second: i64) -> String {
    let secret = uri
        .split("secret=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let (mut bits, mut held, mut seed) = (0_u32, 0, Vec::new());
    for letter in secret.bytes() {
        let five = if letter.is_ascii_digit() {
            letter - b'2' + 26
        } else {
            letter - b'A'
        };
        bits = bits << 5 | u32::from(five);
        held += 5;
        if held >= 8 {
            held -= 8;
            seed.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    let step = second / 30;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &seed);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let word: [u8; 4] = tag.as_ref()[at..at + 4].try_into().unwrap();
    format!(
        "{:06}",
        (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000
    )
}
