//! Secrets of every kind, each planted where such a secret is given, while the service is asked whatever can
//! be asked of it: none comes out in an answer or in the log, however much that tells.

mod secrets;

use std::time::Duration;

use evara::app::clock::SystemClock;
use evara_actors::ports::Clock as _;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use self::secrets::Secrets;
use super::authenticator;
use super::binary::NODE;
use super::postgres::{Durability, Postgres};
use super::program::{Caller, Program, password};

const SECRET_KEY: &str = "CANARYsecretkey-0123456789abcdef0123456789";
const SECRET_KEY_OLD: &str = "CANARYoldkey-0123456789abcdef0123456789ab";
const JWT_SECRET: &str = "CANARYjwtsecret-0123456789abcdef0123456789";
const DATABASE_PASSWORD: &str = "CANARYdatabasepassword";
const THINGSPEAK_KEY: &str = "CANARYTHINGSPEAK";
const REDIS_PASSWORD: &str = "CANARYredispassword";
const BACKUP_KEY: &str = "CANARYbackupkey-0123456789abcdef0123456789";
const OWN: &str = "CANARYpassword of one's own";
const READ_KEY: &str = "CANARYREADKEY123";
const WRONG: &str = "CANARYwrongpassword";
const WRONG_DIGITS: u64 = 7_391_846_205_173_946;
const WRONG_CODE: &str = "CANARYwrongcode";
const WRONG_REFRESH: &str = "evr_CANARYwrongrefreshtoken";
const WRONG_TOKEN: &str = "CANARYheader.CANARYpayload.CANARYsignature";
const WRONG_DEVICE: &str = "evd_CANARYwrongdevicekey";

/// What is no secret, and is planted in the same way: if this is not found, nothing would be.
const DECOY: &str = "CANARYdecoylabel";

/// Nothing listens there: whatever is asked of it fails, and is told of.
const NOBODY: &str = "http://127.0.0.1:1";

/// How long the database is away.
const AWAY: Duration = Duration::from_secs(1);

fn planted() -> Secrets {
    let mut secrets = Secrets::default();
    for (what, secret) in [
        ("SECRET_KEY", SECRET_KEY),
        ("SECRET_KEY_OLD", SECRET_KEY_OLD),
        ("SUPABASE_JWT_SECRET", JWT_SECRET),
        ("the password in DATABASE_URL", DATABASE_PASSWORD),
        ("THINGSPEAK_API_KEY", THINGSPEAK_KEY),
        ("the password in REDIS_URL", REDIS_PASSWORD),
        ("EVARA_BACKUP_KEY", BACKUP_KEY),
        ("a password of one's own", OWN),
        ("a read key", READ_KEY),
        ("a wrong password", WRONG),
        ("a wrong code", WRONG_CODE),
        ("a wrong refresh token", WRONG_REFRESH),
        ("a wrong token", WRONG_TOKEN),
        ("a wrong key of a device", WRONG_DEVICE),
    ] {
        secrets.plant(what, secret);
    }
    secrets.plant("a wrong password of digits", &WRONG_DIGITS.to_string());
    secrets
}

/// Whatever was answered, by what was asked.
#[derive(Default)]
struct Heard(Vec<(String, String)>);

impl Heard {
    async fn ask(&mut self, caller: &Caller, method: &str, path: &str, body: &str) -> String {
        let answer = caller.ask(method, path, body).await;
        self.keep(&format!("{method} {path}"), answer).await
    }

    async fn keep(&mut self, what: &str, answer: reqwest::Response) -> String {
        let headers = format!("{:?}", answer.headers());
        let body = answer.text().await.unwrap();
        self.0.push((what.to_owned(), headers + &body));
        body
    }

    /// What is meant for whoever asked: kept nowhere, and a secret from now on.
    async fn told(&mut self, caller: &Caller, path: &str, body: &Value) -> Value {
        let answer = caller.ask("POST", path, &body.to_string()).await;
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Signs in, changes the password, adds an authenticator, and brings all of it wrongly, too.
async fn act_as_a_person(
    caller: &mut Caller,
    heard: &mut Heard,
    secrets: &mut Secrets,
    (email, password): (&str, &str),
) {
    let login = "/api/v1/auth/login";
    let mine = json!({ "email": email, "password": password });
    let due = heard.told(caller, login, &mine).await;
    plant_session(secrets, &due);
    // It lets in once.
    let made = json!({ "email": email, "password": password, "new_password": OWN });
    heard.ask(caller, "POST", login, &made.to_string()).await;
    caller.token = text(&due["access_token"]).to_owned();
    let both = json!({ "current_password": password, "new_password": OWN });
    let change = "/api/v1/auth/password";
    heard.ask(caller, "POST", change, &both.to_string()).await;
    let mine = json!({ "email": email, "password": OWN });
    let first = heard.told(caller, login, &mine).await;
    plant_session(secrets, &first);
    caller.token = text(&first["access_token"]).to_owned();
    let refresh = json!({ "refresh_token": first["refresh_token"] });
    let second = heard.told(caller, "/api/v1/auth/refresh", &refresh).await;
    plant_session(secrets, &second);
    heard
        .ask(caller, "POST", "/api/v1/auth/refresh", &refresh.to_string())
        .await;
    let again = heard.told(caller, login, &mine).await;
    plant_session(secrets, &again);
    caller.token = text(&again["access_token"]).to_owned();
    let enrolled = heard
        .told(
            caller,
            "/api/v1/auth/totp/enroll",
            &json!({ "password": OWN }),
        )
        .await;
    let uri = text(&enrolled["otpauth_uri"]);
    let seed = uri.split("secret=").nth(1).unwrap().split('&').next();
    secrets.plant("the seed of an authenticator", seed.unwrap());
    let codes = recovery_codes(caller, heard, secrets, uri).await;
    let recovering = json!({ "email": email, "password": OWN, "totp": codes[0] });
    let recovered = heard.told(caller, login, &recovering).await;
    plant_session(secrets, &recovered);
    heard
        .ask(caller, "POST", login, &recovering.to_string())
        .await;
    for (path, body) in [
        (login, json!({ "email": email, "password": WRONG })),
        (
            login,
            json!({ "email": "x@example.org", "password": WRONG, "totp": WRONG_CODE }),
        ),
        (login, json!({ "email": email, "password": [WRONG] })),
        (login, json!({ "email": email, "password": WRONG_DIGITS })),
        (login, json!(WRONG)),
        (
            "/api/v1/auth/refresh",
            json!({ "refresh_token": WRONG_REFRESH }),
        ),
        ("/api/v1/auth/totp/confirm", json!({ "code": WRONG_CODE })),
        (
            "/api/v1/auth/totp/disable",
            json!({ "password": WRONG, "code": WRONG_CODE }),
        ),
        (
            "/api/v1/auth/password",
            json!({ "current_password": WRONG, "new_password": WRONG }),
        ),
    ] {
        heard.ask(caller, "POST", path, &body.to_string()).await;
    }
    let cut_off = format!(r#"{{"email":"{email}","password":"{WRONG}"#);
    heard.ask(caller, "POST", login, &cut_off).await;
}

/// Confirms the authenticator, and keeps what it is told once.
async fn recovery_codes(
    caller: &Caller,
    heard: &mut Heard,
    secrets: &mut Secrets,
    uri: &str,
) -> Vec<String> {
    let now = SystemClock::new().now().millis() / 1_000;
    let shown = json!({ "code": authenticator::shown(uri, now) });
    let confirm = "/api/v1/auth/totp/confirm";
    let confirmed = heard.told(caller, confirm, &shown).await;
    let codes = confirmed["recovery_codes"].as_array().unwrap().iter();
    let codes: Vec<_> = codes.map(|code| text(code).to_owned()).collect();
    for code in &codes {
        secrets.plant("a recovery code", code);
    }
    codes
}

fn plant_session(secrets: &mut Secrets, signed_in: &Value) {
    secrets.plant("an access token", text(&signed_in["access_token"]));
    secrets.plant("a refresh token", text(&signed_in["refresh_token"]));
}

/// Gives a node a channel and a device, and brings their keys wrongly, too.
async fn act_as_a_device(caller: &Caller, heard: &mut Heard, secrets: &mut Secrets) {
    caller.send("POST", "/api/v1/nodes", NODE).await;
    let channel = "/api/v1/devices/key:oht-1/channel";
    let binding = |key: Value| {
        json!({ "channel_id": 7, "read_api_key": key,
                "field_map": { "field1": { "metric": "level_cm" } } })
    };
    for key in [
        json!(READ_KEY),
        json!([READ_KEY]),
        json!(format!("{READ_KEY} é")),
    ] {
        heard
            .ask(caller, "PUT", channel, &binding(key).to_string())
            .await;
    }
    let keys = "/api/v1/devices/key:oht-1/keys";
    let made = heard
        .told(caller, keys, &json!({ "name": "a board" }))
        .await;
    let key = text(&made["key"]).to_owned();
    secrets.plant("a key of a device", &key);
    let reading = r#"{"readings":[{"metric":"level_cm","value":7}]}"#;
    for key in [key.as_str(), WRONG_DEVICE] {
        let header = ("x-device-key", key);
        let pushed = caller
            .push(header, "/api/v1/device/readings", reading)
            .await;
        heard.keep("a push", pushed).await;
    }
    let label = json!({ "label": DECOY }).to_string();
    heard
        .ask(caller, "PATCH", "/api/v1/nodes/key:oht-1", &label)
        .await;
}

/// Brings credentials that are none, in every way in which credentials are brought.
async fn knock(caller: &Caller, heard: &mut Heard) {
    for credentials in [
        format!("Bearer {WRONG_TOKEN}"),
        format!("Device {WRONG_DEVICE}"),
        format!("Basic {WRONG}"),
        WRONG_TOKEN.to_owned(),
    ] {
        for path in ["/api/v1/nodes", "/api/v1/auth/me", "/api/v1/none"] {
            let request = caller.request("GET", path, "");
            let request = request.header(AUTHORIZATION, credentials.as_str());
            heard.keep(path, request.send().await.unwrap()).await;
        }
    }
}

/// Asks whatever the description of the API says can be asked, of the node.
async fn read_everything(caller: &Caller, heard: &mut Heard) -> usize {
    let description = caller.json("/api/openapi.json").await;
    let paths = description["paths"].as_object().unwrap();
    let readable = paths
        .iter()
        .filter(|(_, methods)| methods["get"].is_object());
    let mut asked = 0;
    for (path, _) in readable {
        let path = path
            .replace("{id}", "key:oht-1")
            .replace("{channel_id}", "7");
        heard.ask(caller, "GET", &path, "").await;
        asked += 1;
    }
    asked
}

#[tokio::test]
async fn no_secret_comes_out_whatever_is_asked_and_however_much_is_told() {
    let mut server = Postgres::start(Durability::None, &[]);
    let url = server.create_database("evara");
    let url = url.replacen("evara@", &format!("evara:{DATABASE_PASSWORD}@"), 1);
    let redis = format!("redis://:{REDIS_PASSWORD}@127.0.0.1:1");
    let settings = [
        ("SECRET_KEY", SECRET_KEY),
        ("SECRET_KEY_OLD", SECRET_KEY_OLD),
        ("SUPABASE_URL", NOBODY),
        ("SUPABASE_JWT_SECRET", JWT_SECRET),
        ("DATABASE_URL", &url),
        ("EVARA_MIGRATE", "on-start"),
        ("THINGSPEAK_API_KEY", THINGSPEAK_KEY),
        ("REDIS_URL", &redis),
        ("EVARA_BACKUP_KEY", BACKUP_KEY),
        ("EVARA_LOGINS_PER_MINUTE", "1000"),
        ("LOG_LEVEL", "trace"),
    ];
    let mut secrets = planted();
    let mut heard = Heard::default();
    let password = password(&[], &settings);
    secrets.plant("a password", &password);
    let mut program = Program::start_with(&["serve", "--bind", "127.0.0.1:0"], &settings);
    let line = program.line_with("http://");
    let mut caller = Caller::stranger(&line);
    let admin = ("ada@example.org", password.as_str());
    act_as_a_person(&mut caller, &mut heard, &mut secrets, admin).await;
    act_as_a_device(&caller, &mut heard, &mut secrets).await;
    knock(&caller, &mut heard).await;
    let asked = read_everything(&caller, &mut heard).await;
    assert!(asked > 30, "{asked} are not all that can be asked");
    server.stop_immediately();
    tokio::time::sleep(AWAY).await;
    read_everything(&caller, &mut heard).await;
    act_wrongly_without_a_database(&caller, &mut heard, admin).await;
    server.start_again();
    let (_, log) = program.terminate().await;

    assert!(log.contains("TRACE"), "the log does not tell everything");
    assert!(!log.contains("panicked"), "something broke: {log}");
    for (what, answer) in &heard.0 {
        let leaks = secrets.in_text(answer);
        assert!(leaks.is_empty(), "{what} gives away {leaks:?}: {answer}");
    }
    for line in log.lines() {
        let leaks = secrets.in_text(line);
        assert!(leaks.is_empty(), "the log gives away {leaks:?}: {line}");
    }
    let mut decoy = Secrets::default();
    decoy.plant("the decoy", DECOY);
    let found = heard
        .0
        .iter()
        .filter(|(_, answer)| !decoy.in_text(answer).is_empty());
    assert!(
        found.count() > 3,
        "what is planted and no secret is not found"
    );
}

async fn act_wrongly_without_a_database(
    caller: &Caller,
    heard: &mut Heard,
    (email, password): (&str, &str),
) {
    let login = json!({ "email": email, "password": password }).to_string();
    heard
        .ask(caller, "POST", "/api/v1/auth/login", &login)
        .await;
    let channel = json!({ "channel_id": 8, "read_api_key": READ_KEY, "field_map": {} }).to_string();
    let path = "/api/v1/devices/key:oht-1/channel";
    heard.ask(caller, "PUT", path, &channel).await;
    knock(caller, heard).await;
}
