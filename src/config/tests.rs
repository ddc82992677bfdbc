//! What a configuration promises to the person who writes it, by example.

use std::fs;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use super::*;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn load(pairs: &[(&str, &str)]) -> Result<Loaded, Mistakes> {
    Config::load(&Flags::default(), &environment(pairs))
}

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| (*name, *value)).collect()
}

/// The keys that are named as mistakes.
fn named(pairs: &[(&str, &str)]) -> Vec<String> {
    let mistakes = load(pairs).unwrap_err();
    mistakes
        .all()
        .iter()
        .map(|mistake| mistake.key().to_owned())
        .collect()
}

/// A file that goes away with the test.
struct Written(PathBuf);

impl Written {
    fn new(text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("evara-{}.toml", uuid::Uuid::new_v4()));
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0);
    }
}

#[test]
fn nothing_needs_to_be_set_to_try_it_out() {
    let config = load(&[]).unwrap().config;
    assert_eq!(config.deployment, Deployment::Development);
    assert_eq!(config.http.bind.to_string(), "127.0.0.1:8080");
    assert!(config.thingspeak.api_key.is_none());
    assert_eq!(
        config.store.database,
        Database::Sqlite(PathBuf::from("data"))
    );
    assert!(matches!(config.secret_key, Secret::Kept(_)));
    assert_eq!(
        config.thingspeak.url.to_string(),
        "https://api.thingspeak.com/"
    );
}

#[test]
fn every_mistake_is_told_at_once_with_what_is_expected() {
    let mistakes = load(&[
        ("EVARA_BIND", "everywhere"),
        ("THINGSPEAK_RATE_LIMIT", "lots"),
        ("THINGSPEAK_URL", "http://api.thingspeak.com"),
        ("LOG_LEVEL", "loud"),
        ("DATABASE_URL", "postgresql+asyncpg://me:secret@db/"),
    ]);
    assert_eq!(
        mistakes.unwrap_err().to_string(),
        "the configuration has 5 mistakes:\
        \n  DATABASE_URL (environment): must be a URL such as postgres://user:password@host:5432/database\
        \n  EVARA_BIND (environment): must be an address and a port, such as 127.0.0.1:8080 or [::]:8080\
        \n  THINGSPEAK_URL (environment): must be a URL that begins with https://, or http:// to this machine: it carries keys\
        \n  THINGSPEAK_RATE_LIMIT (environment): must be a whole number of requests a minute from 2 to 600\
        \n  LOG_LEVEL (environment): must be error, warn, info, debug, trace or off, or such levels by module: info,evara=debug"
    );
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let file = Written::new(
        "evara_bind = \"127.0.0.1:1\"\nevara_data = \"of-file\"\nlog_level = \"error\"",
    );
    let pairs = [
        ("EVARA_CONFIG", file.path()),
        ("EVARA_BIND", "127.0.0.1:2"),
        ("EVARA_DATA", "of-env"),
    ];
    let flags = Flags::default().with("EVARA_BIND", "--bind", Some("127.0.0.1:3".to_owned()));
    let loaded = Config::load(&flags, &environment(&pairs)).unwrap();
    assert_eq!(loaded.config.http.bind.port(), 3);
    assert_eq!(loaded.config.store.data, PathBuf::from("of-env"));
    assert_eq!(loaded.config.log.directives(), "error");
    let origin = |name| {
        loaded
            .settings
            .iter()
            .find(|s| s.name == name)
            .unwrap()
            .origin
            .to_string()
    };
    assert_eq!(origin("EVARA_BIND"), "--bind");
    assert_eq!(origin("EVARA_DATA"), "environment");
    assert_eq!(origin("LOG_LEVEL"), file.path());
    assert_eq!(origin("CACHE_TTL"), "default");
}

#[test]
fn empty_means_unset() {
    let config = load(&[
        ("THINGSPEAK_API_KEY", ""),
        ("EVARA_BIND", "  "),
        ("SECRET_KEY_FILE", ""),
    ]);
    let config = config.unwrap().config;
    assert!(config.thingspeak.api_key.is_none());
    assert_eq!(config.http.bind.port(), 8080);
}

#[test]
fn a_secret_may_be_kept_in_a_file_but_not_be_given_twice() {
    let file = Written::new(&format!("{KEY}\n"));
    let config = load(&[("SECRET_KEY_FILE", file.path())]).unwrap().config;
    assert_eq!(config.secret_key.obtain().unwrap().expose_secret(), KEY);
    assert_eq!(
        named(&[("SECRET_KEY_FILE", file.path()), ("SECRET_KEY", KEY)]),
        ["SECRET_KEY"]
    );
    assert_eq!(
        named(&[("SECRET_KEY_FILE", "/nowhere/at/all")]),
        ["SECRET_KEY_FILE"]
    );
}

#[test]
fn a_key_that_nobody_reads_is_a_mistake_and_the_one_that_was_meant_is_named() {
    let file = Written::new(
        "databse_url = \"sqlite://evara.db\"\ncolour = \"blue\"\nlog_level = [\"info\"]\n",
    );
    let mistakes = load(&[("EVARA_CONFIG", file.path())]).unwrap_err();
    let told: Vec<String> = mistakes.all().iter().map(Mistake::to_string).collect();
    let at = file.path();
    assert_eq!(
        told,
        [
            format!("colour ({at}): no such setting"),
            format!("databse_url ({at}): no such setting; did you mean DATABASE_URL?"),
            format!("LOG_LEVEL ({at}): must be a string, a number or a truth value"),
        ]
    );
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_a_mistake_by_its_line() {
    assert_eq!(
        named(&[("EVARA_CONFIG", "/nowhere/at/all.toml")]),
        ["EVARA_CONFIG"]
    );
    let file = Written::new("log_level = \"info\"\nsecret_key = CANARY\n");
    let mistakes = load(&[("EVARA_CONFIG", file.path())])
        .unwrap_err()
        .to_string();
    assert!(
        mistakes.ends_with("line 2 is not TOML, or repeats a key"),
        "{mistakes}"
    );
}

#[test]
fn production_refuses_to_start_without_strong_secrets() {
    assert_eq!(named(&[("ENVIRONMENT", "production")]), ["SECRET_KEY"]);
    let weak = [("ENVIRONMENT", "production"), ("SECRET_KEY", "short")];
    assert_eq!(named(&weak), ["SECRET_KEY"]);
    let file = [
        ("ENVIRONMENT", "production"),
        ("SECRET_KEY_FILE", "/nowhere"),
    ];
    assert_eq!(named(&file), ["SECRET_KEY_FILE"]);
    let strong = [("ENVIRONMENT", "Production"), ("SECRET_KEY", KEY)];
    assert!(load(&strong).is_ok());
}

#[test]
fn keys_from_before_are_few_and_strong_and_stand_between_commas_or_on_lines() {
    let other = KEY.to_uppercase();
    let old = |text: &str| {
        let config = load(&[("SECRET_KEY_OLD", text)]).unwrap().config;
        let shown = |key: &SecretString| key.expose_secret().to_owned();
        config.old_secret_keys.iter().map(shown).collect::<Vec<_>>()
    };
    assert!(old("").is_empty());
    assert_eq!(old(KEY), [KEY]);
    assert_eq!(old(&format!("{KEY}, {other},{KEY}")).len(), 2);
    let with_comma = format!("{KEY},{KEY}");
    assert_eq!(old(&format!("{with_comma}\n{with_comma}\n")), [with_comma]);
    let four = ["a", "b", "c", "d"]
        .map(|letter| letter.repeat(32))
        .join(",");
    for bad in [&format!("{KEY},short"), &four] {
        assert_eq!(named(&[("SECRET_KEY_OLD", bad)]), ["SECRET_KEY_OLD"]);
    }
}

#[test]
fn a_secret_of_supabase_is_of_a_project_and_too_long_to_guess() {
    let project = ("SUPABASE_URL", "https://abcdefghij.supabase.co");
    let secret = ("SUPABASE_JWT_SECRET", KEY);
    assert!(load(&[]).unwrap().config.auth.supabase.is_none());
    let published = load(&[project]).unwrap().config.auth.supabase.unwrap();
    assert!(published.secret.is_none());
    let shared = load(&[project, secret]).unwrap().config.auth.supabase;
    assert_eq!(shared.unwrap().secret.unwrap().expose_secret(), KEY);
    let short = ("SUPABASE_JWT_SECRET", &KEY[1..]);
    assert_eq!(named(&[project, short]), ["SUPABASE_JWT_SECRET"]);
    assert_eq!(named(&[secret]), ["SUPABASE_URL"]);
    let wrong = ("SUPABASE_URL", "http://abcdefghij.supabase.co");
    assert_eq!(named(&[wrong, secret]), ["SUPABASE_URL"]);
}

#[test]
fn networks_and_origins_are_taken_only_as_they_are_written() {
    let set = |name, value| load(&[(name, value)]);
    for (name, value) in [
        ("EVARA_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1,fd00::/8"),
        ("EVARA_FORWARDED_HEADER", "Forwarded"),
        (
            "EVARA_CORS_ORIGINS",
            "https://example.com, http://localhost:5173",
        ),
    ] {
        set(name, value).unwrap();
    }
    for (name, value) in [
        ("EVARA_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("EVARA_TRUSTED_PROXIES", "10.0.0.0/8,"),
        ("EVARA_TRUSTED_PROXIES", "proxy.internal"),
        ("EVARA_FORWARDED_HEADER", "x-real-ip"),
        ("EVARA_CORS_ORIGINS", "*"),
        ("EVARA_CORS_ORIGINS", "null"),
        ("EVARA_CORS_ORIGINS", "https://example.com/"),
        ("EVARA_CORS_ORIGINS", "https://Example.com"),
        ("EVARA_CORS_ORIGINS", "https://*.example.com"),
        ("EVARA_CORS_ORIGINS", "https://example.com:443"),
        ("EVARA_CORS_ORIGINS", "ftp://example.com"),
    ] {
        assert_eq!(named(&[(name, value)]), [name], "{value}");
    }
}

#[test]
fn a_limit_is_a_number_and_cannot_be_switched_off() {
    let quotas = load(&[("EVARA_REQUESTS_PER_MINUTE", "250")]);
    let quotas = quotas.unwrap().config.quotas;
    assert_eq!(quotas.person.requests(), 250);
    assert_eq!(quotas.sign_in.requests(), 5);
    for limit in [
        "EVARA_REQUESTS_PER_MINUTE",
        "EVARA_DEVICE_REQUESTS_PER_MINUTE",
        "EVARA_ADDRESS_REQUESTS_PER_MINUTE",
        "EVARA_LOGINS_PER_MINUTE",
    ] {
        for no_limit in ["0", "-1", "off", "none", "6000001", "1.5"] {
            assert_eq!(named(&[(limit, no_limit)]), [limit], "{no_limit}");
        }
        assert!(load(&[(limit, "6000000")]).is_ok());
    }
}

#[test]
fn a_redis_is_a_server_and_its_password_is_never_shown() {
    let loaded = load(&[("REDIS_URL", "rediss://:c4n4ry@cache:6380/1")]).unwrap();
    assert!(loaded.config.redis.is_some() && loaded.unused.is_empty());
    assert!(!format!("{loaded:?}").contains("c4n4ry"));
    assert!(load(&[]).unwrap().config.redis.is_none());
    for other in [
        "cache:6379",
        "http://cache",
        "unix:///run/redis.sock",
        "rediss://cache#insecure",
    ] {
        assert_eq!(named(&[("REDIS_URL", other)]), ["REDIS_URL"], "{other}");
    }
}

#[test]
fn what_was_set_and_changes_nothing_is_told() {
    let pairs = [("DB_POOL_SIZE", "10"), ("CACHE_TTL", "60")];
    let unused = load(&pairs).unwrap().unused;
    let names: Vec<_> = unused
        .iter()
        .map(|text| text.split(' ').next().unwrap())
        .collect();
    assert_eq!(names, ["DB_POOL_SIZE", "CACHE_TTL"]);
}

#[test]
fn the_effective_configuration_is_printed_as_a_file_that_can_be_read_again() {
    let printed = |pairs: &[(&str, &str)]| {
        let loaded = load(pairs).unwrap();
        let lines = loaded.settings.iter().map(|setting| format!("{setting}\n"));
        lines.collect::<String>()
    };
    let masked = printed(&[("THINGSPEAK_API_KEY", "opensesame")]);
    assert!(
        masked.contains("thingspeak_api_key = \"***\"  # environment"),
        "{masked}"
    );
    let printed = printed(&[("EVARA_DATA", "a \"b\"")]);
    assert!(printed.contains("# redis_url is not set"), "{printed}");
    let file = Written::new(&printed);
    let named = load(&[("EVARA_CONFIG", file.path())]).unwrap();
    assert!(
        named.settings[0]
            .to_string()
            .starts_with("# evara_config is")
    );
    let again = load(&[("EVARA_CONFIG", file.path())]).unwrap();
    assert_eq!(again.config.store.data, PathBuf::from("a \"b\""));
}

#[test]
fn every_setting_that_is_read_may_be_in_a_file_and_no_name_is_used_twice() {
    let loaded = load(&[]).unwrap();
    let mut read: Vec<_> = loaded.settings.iter().map(|setting| setting.name).collect();
    let mut known: Vec<_> = KEYS
        .iter()
        .map(|key| key.name)
        .chain([CONFIG.name])
        .collect();
    read.sort_unstable();
    known.sort_unstable();
    assert_eq!(read, known);
    known.dedup();
    assert_eq!(read, known);
}

#[test]
fn a_misspelt_name_in_the_environment_is_told_with_the_one_that_was_meant() {
    let mistakes = load(&[("EVARA_BND", "canary"), ("EVARA_COLOUR", "blue")]).unwrap_err();
    let text = mistakes.to_string();
    assert!(text.contains("EVARA_BND (environment): no such setting; did you mean EVARA_BIND?"));
    assert!(
        text.contains("EVARA_COLOUR (environment): no such setting\n") || text.ends_with("setting")
    );
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn what_kubernetes_says_of_a_service_of_our_name_is_no_setting() {
    let service = [
        ("EVARA_SERVICE_HOST", "10.0.0.7"),
        ("EVARA_PORT", "tcp://10.0.0.7:80"),
        ("EVARA_PORT_80_TCP_ADDR", "10.0.0.7"),
    ];
    load(&service).unwrap();
}

#[test]
fn a_replica_is_taken_from_a_file_and_never_shown() {
    let secret = Written::new("postgres://me:c4n4ry@replica/evara\n");
    let pairs = [
        ("DATABASE_URL", "postgres://me@db/evara"),
        ("DATABASE_REPLICA_URL_FILE", secret.path()),
    ];
    let loaded = load(&pairs).unwrap();
    let Database::Postgres(postgres) = &loaded.config.store.database else {
        panic!("it is PostgreSQL");
    };
    assert!(postgres.replica.is_some());
    assert!(!format!("{loaded:?}").contains("c4n4ry"));
    let mistaken = [
        ("DATABASE_URL", "postgres://db"),
        ("DATABASE_REPLICA_URL", "sqlite:///var/evara.db"),
    ];
    assert_eq!(named(&mistaken), ["DATABASE_URL", "DATABASE_REPLICA_URL"]);
    let alone = load(&[("DATABASE_REPLICA_URL", "postgres://replica/evara")]).unwrap();
    assert!(
        alone
            .unused
            .iter()
            .any(|why| why.contains("DATABASE_REPLICA_URL"))
    );
}
