//! The description of the API says what is served: no less, and no more.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::scene::{Scene, request};

const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

fn described(api: &Value) -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in METHODS.map(|method| method.as_str().to_lowercase()) {
            if item.get(&method).is_some() {
                all.insert((path.clone(), method));
            }
        }
    }
    all
}

#[tokio::test]
async fn every_method_of_every_path_is_described_and_every_other_is_405() {
    let scene = Scene::empty().await;
    let api = scene.get("/api/openapi.json").await.json();
    let described = described(&api);
    let paths: BTreeSet<_> = described.iter().map(|(path, _)| path.clone()).collect();
    assert!(paths.len() > 30, "{paths:?}");
    for path in paths {
        let concrete = path.replace("{id}", "0197c0de-0000-7000-8000-000000000000");
        let concrete = concrete
            .replace("{path}", "reported/ph")
            .replace("{channel_id}", "1");
        for method in METHODS {
            let name = method.as_str().to_lowercase();
            let reply = scene.send(request(method, &concrete, "{}")).await;
            let taken = reply.status != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(
                taken,
                described.contains(&(path.clone(), name.clone())),
                "{name} {path}"
            );
        }
    }
}

#[tokio::test]
async fn a_parameter_that_is_not_described_is_refused_everywhere() {
    let (scene, id) = Scene::with_tank().await;
    let api = scene.get("/api/openapi.json").await.json();
    for (path, method) in described(&api)
        .into_iter()
        .filter(|(path, _)| !path.contains("/health"))
    {
        let concrete = path
            .replace("{channel_id}", "7")
            .replace("{path}", "status");
        let concrete = format!("{}?nonsense=1", concrete.replace("{id}", &id));
        let method: Method = method.to_uppercase().parse().unwrap();
        let reply = scene.send(request(method.clone(), &concrete, "{}")).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{method} {path}");
        assert_eq!(reply.code(), "invalid_request");
    }
}

#[tokio::test]
async fn conditions_are_described_where_they_are_obeyed() {
    let api = Scene::empty().await.get("/api/openapi.json").await.json();
    let headers = |path: &str, method: &str| -> Vec<String> {
        let parameters = api["paths"][path][method]["parameters"].as_array().unwrap();
        let headers = parameters.iter().filter(|each| each["in"] == "header");
        headers
            .map(|each| each["name"].as_str().unwrap().to_owned())
            .collect()
    };
    for path in ["/api/v1/nodes/{id}", "/api/v1/nodes/{id}/twin"] {
        assert_eq!(headers(path, "get"), ["If-None-Match"], "{path}");
        assert_eq!(headers(path, "patch"), ["If-Match"], "{path}");
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let scene = Scene::empty().await;
    let api = scene.get("/api/openapi.json").await.json();
    let mut dangling = Vec::new();
    follow(&api, &api, &mut dangling);
    assert!(dangling.is_empty(), "{dangling:?}");
}

pub(super) fn follow(api: &Value, value: &Value, dangling: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let found = api.pointer(reference.trim_start_matches('#'));
                dangling.extend(found.is_none().then(|| reference.clone()));
            }
            fields
                .values()
                .for_each(|field| follow(api, field, dangling));
        }
        Value::Array(items) => items.iter().for_each(|item| follow(api, item, dangling)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn every_operation_has_a_summary_a_group_and_the_problem() {
    let scene = Scene::empty().await;
    let api = scene.get("/api/openapi.json").await.json();
    for (path, method) in described(&api) {
        let operation = &api["paths"][&path][&method];
        assert!(operation["summary"].is_string(), "{method} {path}");
        assert_eq!(
            operation["tags"].as_array().map(Vec::len),
            Some(1),
            "{method} {path}"
        );
        let problem = &operation["responses"]["default"]["content"]["application/problem+json"];
        assert_eq!(
            problem["schema"]["$ref"], "#/components/schemas/Problem",
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let scene = Scene::empty().await;
    let page = scene.get("/api/docs").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    let text = String::from_utf8(page.bytes).unwrap();
    assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("src="));
}
