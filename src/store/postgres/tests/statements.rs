//! Every statement against the schema that it is written for.

use super::{PostgresAddress, Server};
use crate::store::postgres::connect::Connections;
use crate::store::postgres::{migrate, statements};

async fn client(address: &PostgresAddress) -> deadpool_postgres::Object {
    let connections = Connections::new(address, 1).unwrap();
    connections.get().await.unwrap()
}

#[tokio::test]
async fn every_statement_can_be_prepared_and_every_file_is_a_statement() {
    let server = Server::new();
    migrate(&server.address).await.unwrap();
    let client = client(&server.address).await;
    for query in statements::ALL {
        if let Err(error) = client.prepare(query.sql).await {
            let said = error.as_db_error().map(ToString::to_string);
            panic!("{}: {error}: {said:?}", query.name);
        }
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/postgres/sql");
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files, statements::ALL.len());
}
