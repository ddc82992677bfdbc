//! A reading that the database never takes, among others that it does.

use std::time::Duration;

use super::Site;

/// Waits no longer than a sender does, though the batch is parted until the reading stands alone.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reading_that_is_never_taken_is_kept_aside_and_keeps_nobody_waiting() {
    let site = Site::start(&[]).await;
    let poison = site.next_number() + 100;
    site.psql(&format!(
        "ALTER TABLE telemetry_tank ADD CONSTRAINT poison
             CHECK (level_cm IS DISTINCT FROM {poison}) NOT VALID"
    ));
    let (taken, refusal) = site.flood(256).await;
    assert!(refusal.is_none() && taken.contains(&poison), "{taken:?}");
    let pushed = site.push().await;
    assert!(
        pushed.is_acknowledged() && pushed.reply.took < SOON,
        "{pushed:?}"
    );
    site.assert_has_all(&(taken.start..poison)).await;
    site.assert_has_all(&(poison + 1..taken.end)).await;
    assert_eq!(site.get("/health").await["status"], "ok");
    assert_eq!(site.app.system().persistence().refused, 1);
    let letters = site.get("/admin/dead-letters").await;
    let letter = &letters["items"][0];
    let error = letter["error"].as_str().unwrap();
    assert!(error.contains("23514"), "{letters}");
    let message = letter["message"].as_str().unwrap();
    assert!(message.contains(&format!("{poison}.0")), "{letters}");
}
