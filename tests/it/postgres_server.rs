//! The server that other tests are made with does what they take for granted.

use super::postgres::{Durability, Postgres};

#[test]
fn what_was_committed_is_there_after_a_crash_of_the_server() {
    for (durability, fsync) in [(Durability::Full, "on"), (Durability::None, "off")] {
        let mut server = Postgres::start(durability, &["max_connections=10"]);
        let url = server.create_database("kept");
        assert!(url.ends_with(&format!(":{}/kept", server.port())), "{url}");
        server.psql("kept", "CREATE TABLE tanks AS SELECT 7 AS id");
        server.stop_immediately();
        server.start_again();
        assert_eq!(server.psql("kept", "SELECT id FROM tanks").trim(), "7");
        assert_eq!(server.psql("kept", "SHOW fsync").trim(), fsync);
        assert_eq!(server.psql("kept", "SHOW max_connections").trim(), "10");
        let directory = server.directory().to_owned();
        drop(server);
        assert!(!directory.exists());
    }
}
