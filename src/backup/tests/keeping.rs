//! What backups promise, on real SQLite files and a directory: what was kept comes back, and nothing else does.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use rusqlite::Connection as Sqlite;

use super::*;
use crate::store::database_in;
use crate::store::sqlite_schema::migrate;

#[test]
fn a_backup_is_restored_as_it_was_and_no_revision_is_used_again() {
    for scene in [Scene::new(), Scene::sealed()] {
        let manifest = scene.create(1_000);
        assert_eq!(manifest.census.rows["twin_events"], 5);
        assert_eq!(manifest.key_id.is_some(), scene.key.is_some());
        scene.verify(&manifest.name).unwrap();
        // These are lost, and were seen by somebody.
        scene.log(6..=8);
        let into = scene.root.join("restored");
        scene.restore(&manifest.name, &into, false).unwrap();
        let restored = fs::metadata(into.join("evara.db")).unwrap();
        assert_eq!(restored.permissions().mode() & 0o777, 0o600);
        let (restored, at) = (revisions(&into), 9_000 * 1_000_000);
        assert_eq!(restored, [1, 2, 3, 4, 5, at]);
        let database = Sqlite::open(database_in(&into)).unwrap();
        let fact = "SELECT CAST(value AS TEXT) FROM store_facts WHERE name = 'restored_from'";
        let from: String = database.query_row(fact, [], |row| row.get(0)).unwrap();
        assert_eq!(from, manifest.name);
        // The schema is whole: the service's own migrations find nothing to do.
        assert_eq!(migrate(&into).unwrap(), []);
    }
}

#[test]
fn what_is_committed_while_the_copy_is_made_by_another_does_not_spoil_it() {
    let scene = Scene::new();
    let writer = Sqlite::open(database_in(&scene.data())).unwrap();
    writer.pragma_update(None, "journal_mode", "wal").unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let event = "INSERT INTO twin_events VALUES (?1, 6, 0, '{}')";
    writer.execute(event, [NODE]).unwrap();
    // An uncommitted writer neither stops the copy nor is in it.
    let manifest = scene.create(1_000);
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(manifest.census.rows["twin_events"], 5);
    // What is in the write-ahead log alone is.
    assert_eq!(scene.create(1_001).census.rows["twin_events"], 6);
}

#[test]
fn any_changed_or_missing_byte_is_found_and_the_file_is_named() {
    for scene in [Scene::new(), Scene::sealed()] {
        let manifest = scene.create(1_000);
        let object = scene.object(&manifest);
        let whole = fs::read(&object).unwrap();
        let into = scene.root.join("restored");
        let step = whole.len() / 40 + 1;
        for at in (0..whole.len()).step_by(step) {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(&object, &changed).unwrap();
            let refusal = scene.verify(&manifest.name).unwrap_err();
            assert!(
                matches!(&refusal, Error::Damaged { object, .. } if object.contains(&manifest.name)),
                "{refusal}"
            );
            fs::write(&object, &whole[..at]).unwrap();
            assert!(matches!(
                scene.verify(&manifest.name),
                Err(Error::Damaged { .. })
            ));
        }
        let refusal = scene.restore(&manifest.name, &into, false).unwrap_err();
        assert!(matches!(refusal, Error::Damaged { .. }), "{refusal}");
        assert!(!database_in(&into).exists());
    }
}

#[test]
fn a_backup_whose_numbers_are_not_those_of_its_manifest_is_refused_by_name() {
    let scene = Scene::new();
    let manifest = scene.create(1_000);
    let mut other = manifest.clone();
    other.census.rows.insert("nodes".to_owned(), 2);
    scene.at(1_000, |backups| backups.keep_manifest(&other).unwrap());
    let refusal = scene.verify(&manifest.name).unwrap_err().to_string();
    assert!(
        refusal.ends_with("rows of nodes: 1 instead of 2"),
        "{refusal}"
    );
    let into = scene.root.join("restored");
    assert!(scene.restore(&manifest.name, &into, false).is_err());
    assert!(!database_in(&into).exists());
}

#[test]
fn the_wrong_key_is_told_by_its_id_and_none_is_no_key() {
    let mut scene = Scene::sealed();
    let manifest = scene.create(1_000);
    for key in [None, Some("another-key-another-key-another-key")] {
        scene.key = key;
        let refusal = scene.verify(&manifest.name).unwrap_err();
        let id = manifest.key_id.as_ref().unwrap();
        assert!(
            matches!(&refusal, Error::OtherKey { id: told, .. } if told == id),
            "{refusal}"
        );
    }
}

#[test]
fn a_name_that_is_none_is_told_and_never_a_path() {
    let scene = Scene::new();
    for name in ["", "nothing", "../../etc/passwd", "a/b", "a.json"] {
        let refusal = scene.verify(name).unwrap_err();
        assert!(matches!(refusal, Error::UnknownBackup { .. }), "{refusal}");
    }
    let data = scene.data();
    let none = scene.at(1, |backups| backups.verify(None, &data, None));
    assert!(matches!(none, Err(Error::NoBackup)));
}

#[test]
fn a_database_is_replaced_only_when_asked_and_never_lost() {
    let scene = Scene::new();
    let manifest = scene.create(1_000);
    scene.log(6..=8);
    let refusal = scene.restore(&manifest.name, &scene.data(), false);
    assert!(matches!(refusal, Err(Error::NotEmpty { .. })));
    assert_eq!(revisions(&scene.data()).len(), 8);
    let restored = scene.restore(&manifest.name, &scene.data(), true).unwrap();
    assert_eq!(revisions(&scene.data()).len(), 6);
    let aside = Sqlite::open(restored.aside.unwrap()).unwrap();
    let count = "SELECT count(*) FROM twin_events";
    assert_eq!(
        aside
            .query_row(count, [], |row| row.get::<_, i64>(0))
            .unwrap(),
        8
    );
}

#[test]
fn a_directory_that_a_service_uses_is_never_replaced() {
    let scene = Scene::new();
    let manifest = scene.create(1_000);
    let _service = crate::store::DataDirectory::claim(&scene.data()).unwrap();
    let refusal = scene.restore(&manifest.name, &scene.data(), true);
    assert!(matches!(refusal, Err(Error::InUse { .. })));
    assert_eq!(revisions(&scene.data()).len(), 5);
    // To back it up is another matter.
    scene.create(1_001);
}

#[test]
fn a_place_that_is_away_is_told_and_not_made() {
    let scene = Scene::new();
    fs::remove_dir(scene.place()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let clock = Arc::new(At(Timestamp::from_secs(1)));
    let handle = runtime.handle().clone();
    let refusal = Backups::open(&scene.config(), clock, Watch::silent(), handle).unwrap_err();
    assert!(refusal.to_string().contains("is it mounted"), "{refusal}");
    assert!(!scene.place().exists());
    fs::create_dir(scene.place()).unwrap();
}

#[test]
fn a_job_that_fails_or_is_stopped_leaves_nothing_to_be_seen() {
    let scene = Scene::new();
    scene.at(1_000, |backups| {
        backups.watch.stop();
        let refusal = backups.create(&scene.database()).unwrap_err();
        assert!(matches!(refusal, Error::Stopped), "{refusal}");
    });
    scene.at(1_000, |backups| {
        let mut source = std::io::repeat(7).take(100_000);
        let refusal = backups.keep(Kind::Sqlite, &mut source, || Err(Error::NoBackup));
        assert!(matches!(refusal, Err(Error::NoBackup)));
    });
    assert_eq!(scene.objects(), Vec::<PathBuf>::new());
    let left = fs::read_dir(scene.data())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left
        .filter(|name| name.to_string_lossy().contains("scratch"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn retention_keeps_the_newest_and_the_one_that_was_verified_and_forgets_halves() {
    let mut scene = Scene::new();
    let names: Vec<String> = (0..5).map(|second| scene.create(second).name).collect();
    scene.verify(&names[1]).unwrap();
    scene.keep = 2;
    let half = scene
        .place()
        .join("backups")
        .join("19700101T000000Z-aaaaaa.evb");
    fs::write(&half, "half").unwrap();
    let file = fs::File::options().write(true).open(&half).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let gone = scene.at(200_000, |backups| backups.prune().unwrap());
    assert_eq!(gone, [&*names[0], &names[2], "19700101T000000Z-aaaaaa.evb"]);
    let left: Vec<String> = scene.at(9, |backups| {
        let entries = backups.list().unwrap();
        entries.into_iter().map(|entry| entry.name).collect()
    });
    assert_eq!(left, [&*names[1], &names[3], &names[4]]);
}

#[test]
fn backups_of_one_second_are_in_the_order_in_which_they_were_made() {
    let mut scene = Scene::new();
    scene.keep = 1;
    let made = (0..12).map(|millis| {
        scene.at_instant(Timestamp::from_millis(1_000_007 + 81 * millis), |backups| {
            backups.create(&scene.database()).unwrap().manifest.name
        })
    });
    let made: Vec<String> = made.collect();
    let data = scene.data();
    scene.at(1_001, |backups| {
        let listed = backups.list().unwrap().into_iter().map(|entry| entry.name);
        assert_eq!(listed.collect::<Vec<_>>(), made);
        let gone = backups.prune().unwrap();
        assert_eq!(gone, made[..11]);
        let verified = backups.verify(None, &data, None).unwrap();
        assert_eq!(verified.manifest.name, made[11]);
    });
}

#[test]
fn a_backup_of_an_older_name_is_still_read_and_older_than_those_of_later_seconds() {
    let scene = Scene::new();
    let mut old = scene.create(1_000);
    let new = scene.create(1_001);
    let object = scene.object(&old);
    fs::remove_file(object.with_extension("json")).unwrap();
    old.name = "19700101T001640Z-3fa1c2".to_owned();
    fs::rename(object, scene.object(&old)).unwrap();
    scene.at(1_002, |backups| backups.keep_manifest(&old).unwrap());
    scene.verify(&old.name).unwrap();
    let listed = scene.at(1_002, |backups| backups.list().unwrap());
    let listed: Vec<String> = listed.into_iter().map(|entry| entry.name).collect();
    assert_eq!(listed, [old.name, new.name]);
}

#[test]
fn a_manifest_that_was_changed_is_listed_as_damaged_and_not_removed() {
    let mut scene = Scene::new();
    let manifest = scene.create(1);
    scene.create(2);
    scene.keep = 1;
    let path = scene.object(&manifest).with_extension("json");
    let changed = fs::read_to_string(&path)
        .unwrap()
        .replace("\"nodes\":1", "\"nodes\":2");
    fs::write(&path, changed).unwrap();
    scene.at(3, |backups| {
        let entries = backups.list().unwrap();
        let refusal = entries[0].manifest.as_ref().unwrap_err().to_string();
        assert!(
            refusal.contains(&format!("{}.json is damaged", manifest.name)),
            "{refusal}"
        );
        assert_eq!(backups.prune().unwrap(), Vec::<String>::new());
    });
}
