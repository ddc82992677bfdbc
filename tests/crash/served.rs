//! What the service itself says after a crash, held against what its store had when it was dead.

use evara_actors::domain::Timestamp;
use reqwest::Method;
use serde_json::Value;

use super::audit::Audit;
use super::ledger::Ledger;
use super::nodes::Pushed;
use super::service::{Caller, Unknown};

/// The largest page.
const PAGE: &str = "limit=200";

/// Looks at the twins, and at the newest reading that was acknowledged of each. Nobody must be pushing.
///
/// # Errors
/// When the service does not answer: it may have been killed.
pub(crate) async fn look(
    caller: &Caller,
    pushed: &[Pushed],
    audit: &mut Audit,
    ledger: &Ledger,
) -> Result<(), Unknown> {
    for Pushed { node, metric } in pushed {
        let Some(twin) = audit.twin(*node) else {
            continue;
        };
        let property = twin
            .reported()
            .iter()
            .find(|it| it.metric.name() == *metric);
        let expected = (twin.revision().0, property.map(|it| it.number));
        let path = format!("/api/v1/nodes/{node}/twin");
        let served = caller.send(Method::GET, &path, None).await?;
        let value = served["reported"][metric]["value"].as_f64();
        let found = (served["revision"].as_u64().unwrap_or(0), value);
        if found != expected {
            let what = format!("{node} is served as {found:?}, its log says {expected:?}");
            audit.findings.diverged.insert(what);
        }
        if let Some((at, value)) = ledger.newest_acknowledged(*node) {
            let path = format!("/api/v1/nodes/{node}/telemetry?limit=1&from={at}");
            let page = caller.send(Method::GET, &path, None).await?;
            let first = page["items"].as_array().and_then(|items| items.first());
            if first.and_then(reading) != Some((at, value)) {
                audit.findings.lost.insert(format!("{node} {at} {value}"));
            }
        }
    }
    Ok(())
}

/// Looks at every reading, page by page. The service must live, and nobody be pushing.
pub(crate) async fn look_at_all(
    caller: &Caller,
    pushed: &[Pushed],
    audit: &mut Audit,
    ledger: &Ledger,
) {
    for Pushed { node, .. } in pushed {
        let base = format!("/api/v1/nodes/{node}/telemetry?{PAGE}&from=2000-01-01T00:00:00Z");
        let (mut kept, mut path) = (Vec::new(), base.clone());
        loop {
            let page = caller.get(&path).await;
            let items = page["items"].as_array().unwrap();
            kept.extend(items.iter().filter_map(reading));
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("{base}&cursor={cursor}"),
                None => break,
            }
        }
        let sent = ledger.since(*node, Timestamp::MIN);
        audit.findings.compare(*node, &sent, &kept);
    }
}

fn reading(item: &Value) -> Option<(Timestamp, f64)> {
    let at = item["source_at"].as_str()?.parse().ok()?;
    Some((at, item["value"].as_f64()?))
}
