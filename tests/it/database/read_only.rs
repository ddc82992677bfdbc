//! The database takes no writes, as after a failover, or where a provider locks it because its disk is
//! nearly full; then it does.

use super::{Site, assert_goes_on_without};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_takes_no_writes_is_written_to_as_soon_as_it_does() {
    let site = Site::start(&[]).await;
    site.psql("ALTER DATABASE evara SET default_transaction_read_only = on");
    // Sessions go by what was set when they began.
    site.end_connections();
    let reason = "the database takes no writes (25006)";
    let mut pushed = assert_goes_on_without(&site, &[reason]).await;
    // As nobody ends those of now, the service has to.
    let back = "ALTER DATABASE evara SET default_transaction_read_only = off";
    site.postgres.psql("postgres", back);
    pushed.push(site.assert_is_back().await);
    site.assert_whole(&pushed).await;
}
