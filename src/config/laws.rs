//! What holds of every configuration, however it was mutilated.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const CANARY: &str = "c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ry";

/// A configuration of production with everything set and nothing wrong.
fn valid() -> BTreeMap<&'static str, String> {
    [
        ("ENVIRONMENT", "production"),
        ("APP_MODE", "all"),
        ("EVARA_BIND", "0.0.0.0:8080"),
        ("EVARA_TRUSTED_PROXIES", "10.0.0.0/8,fd00::/8"),
        ("EVARA_FORWARDED_HEADER", "forwarded"),
        ("EVARA_CORS_ORIGINS", "https://example.com"),
        ("EVARA_REQUESTS_PER_MINUTE", "100"),
        ("EVARA_DEVICE_REQUESTS_PER_MINUTE", "600"),
        ("EVARA_ADDRESS_REQUESTS_PER_MINUTE", "60"),
        ("EVARA_LOGINS_PER_MINUTE", "5"),
        ("EVARA_LIVE_SOCKETS", "10000"),
        ("EVARA_LIVE_SOCKETS_PER_USER", "20"),
        ("EVARA_LIVE_TICK_MS", "50"),
        ("EVARA_LIVE_RING_SECONDS", "120"),
        ("EVARA_LIVE_RING_MIB", "64"),
        ("SECRET_KEY", CANARY),
        ("SECRET_KEY_OLD", CANARY),
        ("SUPABASE_URL", "https://abcdefghij.supabase.co"),
        ("SUPABASE_JWT_SECRET", CANARY),
        ("EVARA_DATA", "data"),
        ("DATABASE_URL", "sqlite:///c4n4ryc4n4ry/evara.db"),
        ("DB_POOL_SIZE", "4"),
        ("THINGSPEAK_URL", "https://api.thingspeak.com"),
        ("THINGSPEAK_API_KEY", CANARY),
        ("THINGSPEAK_RATE_LIMIT", "15"),
        ("REDIS_URL", "redis://:c4n4ryc4n4ry@cache:6379/0"),
        ("CACHE_TTL", "300"),
        ("LOG_LEVEL", "info"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

fn load(pairs: &BTreeMap<&'static str, String>) -> Result<Loaded, Mistakes> {
    let environment = pairs.iter().map(|(name, value)| (*name, value)).collect();
    Config::load(&Flags::default(), &environment)
}

fn no_canary(text: &str) -> bool {
    !text.contains("c4n4ry")
}

/// All that people get to see of the settings that are secret.
fn printed(loaded: &Loaded) -> String {
    let Config {
        secret_key,
        old_secret_keys,
        auth,
        thingspeak,
        ..
    } = &loaded.config;
    let of_project = auth.supabase.as_ref().map(|project| &project.secret);
    let mut printed = format!("{secret_key:?} {of_project:?} {old_secret_keys:?} ");
    printed.push_str(&format!("{:?}", thingspeak.api_key));
    for setting in &loaded.settings {
        let is_secret = |key: &&&Key| key.name == setting.name && key.file_name.is_some();
        if KEYS.iter().any(|key| is_secret(&key)) {
            printed.push_str(&format!("{setting} {setting:?}"));
        }
    }
    printed
}

/// Values from nonsense to nearly right.
fn value() -> impl Strategy<Value = String> {
    let near = prop::sample::select(vec![
        "",
        "0",
        "1",
        "-1",
        "601",
        "99999999999999999999",
        "1.5",
        "127.0.0.1",
        "127.0.0.1:99999",
        "localhost:x",
        "[::1]:80",
        "http://localhost:1",
        "https://a:b@c4n4ry.example",
        "sqlite://",
        "sqlite://evara.db",
        "postgres://c4n4ry@db",
        "redis://",
        "info,c4n4ry",
        "PRODUCTION",
        "test",
    ]);
    prop_oneof![
        any::<String>(),
        near.prop_map(str::to_owned),
        "[a-z0-9:/.=, -]{0,80}"
    ]
}

#[test]
fn the_configuration_that_is_mutilated_below_is_a_good_one() {
    assert!(load(&valid()).is_ok());
}

proptest! {
    #[test]
    fn one_changed_value_is_either_read_or_named(index in 0..KEYS.len(), value in value()) {
        let key = KEYS[index];
        let mut pairs = valid();
        pairs.insert(key.name, value);
        if let Err(mistakes) = load(&pairs) {
            let told = mistakes.to_string();
            prop_assert!(mistakes.all().iter().all(|mistake| mistake.key() == key.name), "{told}");
        }
    }

    #[test]
    fn no_secret_is_in_what_is_printed_or_told(
        index in 0..KEYS.len(),
        before in "[ -~]{0,8}",
        after in "[ -~]{0,8}",
    ) {
        let mut pairs = valid();
        pairs.insert(KEYS[index].name, format!("{before}{CANARY}{after}"));
        let printed = match load(&pairs) {
            Err(mistakes) => format!("{mistakes} {mistakes:?}"),
            Ok(loaded) => printed(&loaded),
        };
        prop_assert!(no_canary(&printed));
    }

    #[test]
    fn any_text_is_a_file_or_a_mistake_that_repeats_none_of_it(text in any::<String>(), key in "[a-z_]{1,20}") {
        let file = std::env::temp_dir().join(format!("evara-{}.toml", uuid::Uuid::new_v4()));
        std::fs::write(&file, format!("{key} = \"{CANARY}\"\n{text}\nsecret_key = \"{CANARY}\"")).unwrap();
        let environment = [("EVARA_CONFIG", file.clone())].into_iter().collect();
        if let Err(mistakes) = Config::load(&Flags::default(), &environment) {
            let told = format!("{mistakes} {mistakes:?}");
            prop_assert!(no_canary(&told));
        }
        std::fs::remove_file(&file).unwrap();
    }
}
