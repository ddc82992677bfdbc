//! Backups in a bucket, over the wire: a small stand-in for S3 on this machine.
//!
//! It is honest about what backups rest on (conditional writes, multipart uploads, ranges, lists) and asks for a
//! signed request, but it does not check the signature.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use url::Url;

use super::*;

/// What S3 demands of every part but the last.
const LEAST_PART_BYTES: usize = 5 * 1024 * 1024;

#[derive(Debug, Default)]
struct Bucket {
    objects: BTreeMap<String, Bytes>,
    uploads: BTreeMap<String, BTreeMap<u32, Bytes>>,
    /// Whether nothing more fits in.
    full: bool,
}

type Shared = Arc<Mutex<Bucket>>;
type Asked = BTreeMap<String, String>;

async fn answer(
    State(bucket): State<Shared>,
    method: Method,
    uri: Uri,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let signed = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    if !signed.is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 Credential=me/")) {
        return said(StatusCode::FORBIDDEN, "");
    }
    let mut bucket = bucket.lock().unwrap();
    let key = uri
        .path()
        .trim_start_matches("/water")
        .trim_start_matches('/')
        .to_owned();
    match method {
        Method::GET if asked.contains_key("list-type") => bucket.list(&asked),
        Method::GET | Method::HEAD => bucket.get(&key, &headers),
        Method::POST if asked.contains_key("delete") => bucket.delete_all(&body),
        Method::POST if asked.contains_key("uploads") => bucket.begin(),
        Method::POST => bucket.complete(key, &asked["uploadId"], &body),
        Method::DELETE => {
            bucket
                .uploads
                .remove(asked.get("uploadId").unwrap_or(&String::new()));
            said(StatusCode::NO_CONTENT, "")
        }
        Method::PUT if bucket.full => said(
            StatusCode::FORBIDDEN,
            "<Error><Code>QuotaExceeded</Code></Error>",
        ),
        Method::PUT => bucket.put(key, &asked, &headers, body),
        _ => said(StatusCode::METHOD_NOT_ALLOWED, ""),
    }
}

fn said(status: StatusCode, text: &str) -> Response<Body> {
    let response = Response::builder().status(status).header("etag", "\"e\"");
    response.body(Body::from(text.to_owned())).unwrap()
}

fn between<'a>(text: &'a str, tag: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let parts = text.split(open.as_str()).skip(1);
    parts
        .map(|part| part.split(close.as_str()).next().unwrap())
        .collect()
}

impl Bucket {
    fn put(
        &mut self,
        key: String,
        asked: &Asked,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Response<Body> {
        if let Some(upload) = asked.get("uploadId") {
            let number = asked["partNumber"].parse().unwrap();
            self.uploads.get_mut(upload).unwrap().insert(number, body);
        } else if headers.contains_key("if-none-match") && self.objects.contains_key(&key) {
            return said(StatusCode::PRECONDITION_FAILED, "");
        } else {
            self.objects.insert(key, body);
        }
        said(StatusCode::OK, "")
    }

    fn get(&self, key: &str, headers: &HeaderMap) -> Response<Body> {
        let Some(object) = self.objects.get(key) else {
            return said(StatusCode::NOT_FOUND, "");
        };
        let range = headers.get("range").map(|range| range.to_str().unwrap());
        let bounds = range.map(|range| {
            let (from, to) = range.trim_start_matches("bytes=").split_once('-').unwrap();
            (from.parse::<usize>().unwrap(), to.parse::<usize>().unwrap())
        });
        let response = Response::builder()
            .header("etag", "\"e\"")
            .header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT");
        match bounds {
            None => response.body(Body::from(object.clone())),
            Some((from, to)) => response
                .status(StatusCode::PARTIAL_CONTENT)
                .header(
                    "content-range",
                    format!("bytes {from}-{to}/{}", object.len()),
                )
                .body(Body::from(object.slice(from..=to))),
        }
        .unwrap()
    }

    fn list(&self, asked: &Asked) -> Response<Body> {
        let prefix = &asked["prefix"];
        let keys = self.objects.iter().filter(|(key, _)| {
            let rest = key.strip_prefix(prefix.as_str());
            rest.is_some_and(|rest| !rest.contains('/'))
        });
        let contents = keys.map(|(key, object)| {
            let size = object.len();
            format!("<Contents><Key>{key}</Key><Size>{size}</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>e</ETag></Contents>")
        });
        let contents: String = contents.collect();
        said(
            StatusCode::OK,
            &format!("<ListBucketResult>{contents}</ListBucketResult>"),
        )
    }

    fn delete_all(&mut self, body: &Bytes) -> Response<Body> {
        let mut gone = String::new();
        for key in between(std::str::from_utf8(body).unwrap(), "Key") {
            self.objects.remove(key);
            gone += &format!("<Deleted><Key>{key}</Key></Deleted>");
        }
        said(
            StatusCode::OK,
            &format!("<DeleteResult>{gone}</DeleteResult>"),
        )
    }

    fn begin(&mut self) -> Response<Body> {
        let id = uuid::Uuid::new_v4().to_string();
        self.uploads.insert(id.clone(), BTreeMap::new());
        let body = format!(
            "<InitiateMultipartUploadResult><Bucket>water</Bucket><Key>k</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
        );
        said(StatusCode::OK, &body)
    }

    fn complete(&mut self, key: String, upload: &str, body: &Bytes) -> Response<Body> {
        let parts = self.uploads.remove(upload).unwrap();
        let named = between(std::str::from_utf8(body).unwrap(), "PartNumber");
        let named: Vec<u32> = named.iter().map(|number| number.parse().unwrap()).collect();
        let stored: Vec<u32> = parts.keys().copied().collect();
        let large = parts
            .values()
            .rev()
            .skip(1)
            .all(|part| part.len() >= LEAST_PART_BYTES);
        if named != stored || !large {
            return said(
                StatusCode::BAD_REQUEST,
                "<Error><Code>InvalidPart</Code></Error>",
            );
        }
        let whole: Vec<u8> = parts.into_values().flatten().collect();
        self.objects.insert(key, whole.into());
        said(
            StatusCode::OK,
            "<CompleteMultipartUploadResult><Bucket>water</Bucket><Key>k</Key><ETag>e</ETag></CompleteMultipartUploadResult>",
        )
    }
}

/// Does `work` with the backups in a bucket, on a thread that may block.
fn with_bucket(work: impl FnOnce(&Backups, &Shared)) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bucket = Shared::default();
    let router = Router::new()
        .fallback(answer)
        .with_state(Arc::clone(&bucket));
    let router = router.layer(axum::extract::DefaultBodyLimit::disable());
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let mut server = tokio::task::JoinSet::new();
    server.spawn_on(
        async { axum::serve(listener, router).await },
        runtime.handle(),
    );
    let config = BackupConfig {
        to: Some(BackupPlace::Bucket {
            bucket: "water".to_owned(),
            prefix: "a/b".to_owned(),
        }),
        key: None,
        keep: 1,
        database_url: None,
        s3: S3Config {
            endpoint: Some(Url::parse(&endpoint).unwrap()),
            region: "us-east-1".to_owned(),
            keys: Some((SecretString::from("me"), SecretString::from("secret"))),
        },
    };
    let clock = Arc::new(Ticking(AtomicI64::new(1_000_000)));
    let handle = runtime.handle().clone();
    let backups = Backups::open(&config, clock, Watch::silent(), handle).unwrap();
    work(&backups, &bucket);
}

#[test]
fn a_bucket_keeps_backups_in_parts_lists_verifies_and_forgets_them() {
    let scene = Scene::new();
    with_bucket(|backups, bucket| {
        // Large enough for three parts, whatever compression makes of it.
        let mut noise = vec![0; 40 * 1024 * 1024];
        aws_lc_rs::rand::fill(&mut noise).unwrap();
        let stored = backups.keep(Kind::PostgresBase, &mut noise.as_slice(), || {
            Ok(Default::default())
        });
        let whole = stored.unwrap();
        assert!(
            whole.stored_bytes > 2 * 16 * 1024 * 1024,
            "{}",
            whole.stored_bytes
        );
        // It is of a kind that is taken as it comes, and no server.
        backups.check(&whole).unwrap();
        for _ in 0..2 {
            backups.create(&scene.database()).unwrap();
        }
        backups.verify(None, &scene.data(), None).unwrap();
        assert_eq!(backups.list().unwrap().len(), 3);
        assert_eq!(backups.prune().unwrap().len(), 1);
        let keys: Vec<String> = bucket.lock().unwrap().objects.keys().cloned().collect();
        assert!(
            keys.iter().all(|key| key.starts_with("a/b/backups/")),
            "{keys:?}"
        );
        assert!(bucket.lock().unwrap().uploads.is_empty());
    });
}

#[test]
fn a_bucket_that_is_full_fails_the_backup_and_shows_nothing_of_it() {
    let scene = Scene::new();
    with_bucket(|backups, bucket| {
        bucket.lock().unwrap().full = true;
        let refusal = backups.create(&scene.database()).unwrap_err();
        assert!(
            matches!(
                refusal,
                Error::Object {
                    done: "written",
                    ..
                }
            ),
            "{refusal:?}"
        );
        let bucket = bucket.lock().unwrap();
        assert!(
            bucket.objects.is_empty() && bucket.uploads.is_empty(),
            "{bucket:?}"
        );
    });
}

#[test]
fn a_bucket_takes_a_segment_once() {
    let scene = Scene::new();
    with_bucket(|backups, _| {
        let (segment, back) = (scene.root.join("0001"), scene.root.join("back"));
        std::fs::write(&segment, [1; 5000]).unwrap();
        backups.push_wal(&segment).unwrap();
        backups.push_wal(&segment).unwrap();
        backups.fetch_wal("0001", &back).unwrap();
        assert_eq!(std::fs::read(&back).unwrap(), [1; 5000]);
        std::fs::write(&segment, [2; 5000]).unwrap();
        assert!(matches!(
            backups.push_wal(&segment),
            Err(Error::Conflict { .. })
        ));
        let missing = backups.fetch_wal("0002", &back);
        assert!(matches!(missing, Err(Error::Absent { .. })));
    });
}
