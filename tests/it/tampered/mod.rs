//! What somebody who has the database and not the key may do to the audit is found: by a process that saw it
//! written, and by one that was started later.

mod command;
mod crimes;
mod scene;
mod shell;

use evara::app::audit::Fact;
use evara::store::{AuditLog as _, AuditQuery, SecretBox, SqliteStore};
use secrecy::SecretString;

use self::crimes::{Dice, Did};
use self::scene::{KEY, ONE, Scene, TWO};
use self::shell::Shell;
use super::harness::Scratch;

/// Tampers so often, and looks each time whether it is found.
async fn tampered_with(scene: Scene, turns: u32) {
    let mut dice = Dice(7);
    for turn in 0..turns {
        if turn % 100 == 0 {
            assert!(!scene.finds(&scene.seen, &[]).await, "turn {turn}");
            assert!(
                !scene.finds(&scene.fresh(), &scene.copies).await,
                "turn {turn}"
            );
        }
        let Did { what, is_whole } = scene.tamper(&mut dice).await;
        assert!(scene.finds(&scene.seen, &[]).await, "turn {turn}: {what}");
        let fresh = scene.fresh();
        assert!(
            scene.finds(&fresh, &scene.copies).await,
            "turn {turn}, by somebody who comes later: {what}"
        );
        assert_eq!(
            scene.finds(&fresh, &[]).await,
            !is_whole,
            "turn {turn}, by somebody who comes later and has no copy of a seal: {what}"
        );
        scene.undo().await;
    }
}

#[tokio::test]
async fn each_of_a_thousand_tamperings_with_an_embedded_store_is_found() {
    tampered_with(Scene::embedded().await, 1_000).await;
}

#[tokio::test]
async fn each_of_three_hundred_tamperings_with_postgresql_is_found() {
    tampered_with(Scene::on_a_server().await, 300).await;
}

#[tokio::test]
async fn what_nobody_can_find_is_what_is_said_not_to_be_promised() {
    let scene = Scene::embedded().await;
    scene
        .shell
        .run("CREATE TEMP TABLE heads AS SELECT * FROM audit_chains")
        .await;
    let late = Fact::new("thing.do", "thing/late").of([ONE]);
    scene.seen.console().write(late).await.unwrap();
    // The end since the last seal, taken with the head put back.
    for sql in [
        "DELETE FROM audit WHERE number = 13",
        "DELETE FROM audit_chains",
        "INSERT INTO audit_chains SELECT * FROM heads",
    ] {
        scene.shell.run(sql).await;
    }
    assert!(!scene.finds(&scene.seen, &[]).await);
    assert!(!scene.finds(&scene.fresh(), &scene.copies).await);
}

#[tokio::test]
async fn what_was_written_long_ago_and_never_sealed_is_found_and_what_is_new_is_not() {
    let scene = Scene::embedded().await;
    let fact = || Fact::new("thing.do", "thing/late").of([ONE, TWO]);
    scene.seen.console().write(fact()).await.unwrap();
    assert!(
        !scene.finds(&scene.seen, &[]).await,
        "it was written just now"
    );
    let fresh = scene.fresh();
    let found = fresh.verify(ONE, &[]).await.unwrap().found.unwrap_err();
    assert_eq!(found.number, 13);
    assert!(found.to_string().contains("no seal covers"), "{found}");
    fresh.seal().await.unwrap();
    assert!(!scene.finds(&fresh, &[]).await);
}

#[tokio::test]
async fn a_copy_of_a_seal_is_good_for_as_long_as_what_it_seals_and_after_its_front_was_taken() {
    let scene = Scene::embedded().await;
    let [one, _] = scene.copies[..] else {
        panic!("{:?}", scene.copies);
    };
    for number in [1, 2, 3] {
        let fact = Fact::new("thing.do", format!("thing/later {number}")).of([ONE, TWO]);
        scene.seen.console().write(fact).await.unwrap();
        scene.seen.seal().await.unwrap();
    }
    assert_eq!(one.number, 4);
    assert!(!scene.finds(&scene.fresh(), &scene.copies).await);
    let forest = evara::access::Forest::default();
    assert_eq!(scene.in_two_years().retire(&forest).await.unwrap(), 2 * 14);
    assert!(
        !scene.finds(&scene.fresh(), &scene.copies).await,
        "it was taken for its age"
    );
}

#[tokio::test]
async fn the_triggers_refuse_whoever_slips() {
    let scratch = Scratch::new();
    let secrets = SecretBox::new(&SecretString::from(KEY)).unwrap();
    let dir = scratch.place(0);
    let store = std::sync::Arc::new(SqliteStore::open(&dir, secrets).unwrap());
    let audit = scene::audit(store.clone(), scene::THEN);
    let fact = Fact::new("thing.do", "thing");
    audit.console().write(fact).await.unwrap();
    audit.seal().await.unwrap();
    let shell = Shell::of_file(&dir);
    for sql in [
        "UPDATE audit SET target = 'another'",
        "UPDATE audit SET id = id + 1",
        "DELETE FROM audit",
        "UPDATE audit_seals SET at = 0",
        "DELETE FROM audit_seals",
        "UPDATE audit_chains SET number = 0",
        "DELETE FROM audit_chains",
    ] {
        let refused = shell.try_run(sql).await.unwrap_err();
        assert!(refused.contains("only added to"), "{sql}: {refused}");
    }
    let all = store.audit_page(AuditQuery::default(), 10).await.unwrap();
    assert_eq!(all.len(), 1);
}
