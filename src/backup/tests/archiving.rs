//! What the archive of PostgreSQL's log promises.

use std::fs;

use super::*;

#[test]
fn a_segment_may_be_archived_twice_and_never_with_other_content() {
    for scene in [Scene::new(), Scene::sealed()] {
        let name = "000000010000000000000001";
        let (segment, back) = (scene.root.join(name), scene.root.join("back"));
        fs::write(&segment, vec![9; 100_000]).unwrap();
        scene.at(1, |backups| {
            backups.push_wal(&segment).unwrap();
            backups.push_wal(&segment).unwrap();
            backups.fetch_wal(name, &back).unwrap();
            assert_eq!(fs::read(&back).unwrap(), vec![9; 100_000]);
            fs::write(&segment, vec![8; 100_000]).unwrap();
            let refusal = backups.push_wal(&segment);
            assert!(matches!(refusal, Err(Error::Conflict { .. })));
            let missing = backups.fetch_wal("000000010000000000000002", &back);
            assert!(matches!(missing, Err(Error::Absent { .. })));
        });
        let folder = fs::read_dir(scene.place().join("wal")).unwrap();
        for file in folder.map(|file| file.unwrap().path()) {
            let whole = fs::read(&file).unwrap();
            let mut changed = whole.clone();
            changed[whole.len() / 2] ^= 4;
            fs::write(&file, &changed).unwrap();
            let refusal = scene.at(1, |backups| backups.fetch_wal(name, &back).unwrap_err());
            assert!(!matches!(refusal, Error::Absent { .. }), "{refusal}");
            fs::remove_file(&file).unwrap();
            if file.extension().is_some_and(|ending| ending == "evw") {
                let refusal = scene.at(1, |backups| backups.fetch_wal(name, &back).unwrap_err());
                assert!(matches!(refusal, Error::Damaged { .. }), "{refusal}");
            }
            fs::write(&file, &whole).unwrap();
        }
    }
}
