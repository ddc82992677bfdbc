//! Others take every connection that the server has; then they leave.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::super::postgres::binary;
use super::{Site, Way, assert_goes_on_without, eventually};

/// Enough for the service, and for a shell beside it.
const SLOTS: usize = 10;

/// Clients that do nothing but stay connected.
#[derive(Debug)]
struct Crowd(Vec<Child>);

impl Crowd {
    /// Comes in until nobody else gets in.
    async fn of(site: &Site) -> Self {
        let mut crowd = Self(Vec::new());
        for _ in 0..SLOTS * 10 {
            if crowd.size() == SLOTS {
                break;
            }
            crowd.0.push(client(&site.postgres.url("postgres")));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        eventually("all connections are taken", || crowd.size() == SLOTS).await;
        crowd
    }

    /// Those that got in.
    fn size(&mut self) -> usize {
        self.0
            .retain_mut(|client| client.try_wait().unwrap().is_none());
        self.0.len()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for client in &mut self.0 {
            let _gone = client.kill();
            let _reaped = client.wait();
        }
    }
}

/// Waits for what is typed, which is nothing.
fn client(url: &str) -> Child {
    let mut psql = Command::new(binary("psql"));
    psql.args(["-X", url]).stdin(Stdio::piped());
    psql.stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_crowded_out_comes_in_again_as_soon_as_there_is_a_place() {
    let site = Site::start(&[&format!("max_connections={SLOTS}")]).await;
    site.set(Way::Closed);
    let crowd = Crowd::of(&site).await;
    site.set(Way::Open);
    let reason = "the database has no connection to spare (53300)";
    let mut pushed = assert_goes_on_without(&site, &[reason]).await;
    drop(crowd);
    pushed.push(site.assert_is_back().await);
    site.assert_whole(&pushed).await;
}
