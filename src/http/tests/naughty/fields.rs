//! Every field of every route that people may write a text into, a field a line. One that is not here fails
//! the test.

use axum::http::Method;

/// What becomes of a text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// It is shown there, under this pointer; on the page that the answer names where there is no path.
    Shown(&'static str, &'static str),
    /// It is compared with something, or read as something else, and shown nowhere.
    Used,
}

/// A route; its body with `§` for the text and `#` for a number that is never the same; what a refusal calls
/// the field; and what becomes of the text.
///
/// In paths and bodies `{node}` is a node that was made for this request, and other names in braces are
/// what the scene has.
pub(super) type Row = (Method, &'static str, &'static str, &'static str, Fate);

// A line is a field.
#[rustfmt::skip]
pub(super) const NODES: &[Row] = {
    use Fate::*;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    const PATCH: Method = Method::PATCH;
    const NODE: &str = "/nodes/{node}";
    &[
        (POST, "/nodes", r#"{"node_key":§,"label":"x","kind":"tank","category":"OHT"}"#, "/node_key", Shown("", "/node_key")),
        (POST, "/nodes", r#"{"node_key":"n-#","label":§,"kind":"tank","category":"OHT"}"#, "/label", Shown("", "/label")),
        (POST, "/nodes", r#"{"node_key":"n-#","label":"x","kind":"tank","category":"OHT","location_name":§}"#, "/location_name", Shown("", "/location_name")),
        (POST, "/nodes", r#"{"node_key":"n-#","label":"x","kind":"tank","category":"OHT","tags":{"note":§}}"#, "/tags", Shown("", "/tags/note")),
        (POST, "/nodes", r#"{"node_key":"n-#","label":"x","kind":"tank","category":"OHT","tags":{§:"x"}}"#, "/tags", Shown("", "/tags/*")),
        (POST, "/nodes", r#"{"node_key":"n-#","label":"x","kind":"tank","category":"OHT","config":{"time_zone":§}}"#, "/config/time_zone", Shown("", "/config/time_zone")),
        (PATCH, NODE, r#"{"config":{"time_zone":§}}"#, "/config/time_zone", Shown(NODE, "/config/time_zone")),
        (PUT, "/devices/{node}/config", r#"{"time_zone":§}"#, "/time_zone", Shown(NODE, "/config/time_zone")),
        (PATCH, NODE, r#"{"node_key":§}"#, "/node_key", Shown(NODE, "/node_key")),
        (PATCH, NODE, r#"{"label":§}"#, "/label", Shown(NODE, "/label")),
        (PATCH, NODE, r#"{"location_name":§}"#, "/location_name", Shown(NODE, "/location_name")),
        (PATCH, NODE, r#"{"tags":{"note":§}}"#, "/tags", Shown(NODE, "/tags/note")),
        (PATCH, NODE, r#"{"tags":{§:"x"}}"#, "/tags", Shown(NODE, "/tags/*")),
        (PATCH, "/nodes/{node}/twin", r#"{"tags":{"note":§}}"#, "/tags", Shown(NODE, "/tags/note")),
        (PATCH, "/nodes/{node}/twin", r#"{"tags":{§:"x"}}"#, "/tags", Shown(NODE, "/tags/*")),
        (POST, "/nodes/{node}/maintenance", r#"{"until":"2999-01-01T00:00:00Z","reason":§}"#, "/reason", Shown(NODE, "/maintenance/reason")),
        (PUT, "/devices/{node}/channel", r#"{"channel_id":7,"read_api_key":§,"field_map":{"field1":{"metric":"ph"}}}"#, "/read_api_key", Used),
        (PUT, "/devices/{node}/channel", r#"{"channel_id":7,"field_map":{"field1":{"metric":§}}}"#, "/field_map/field1/metric", Used),
        (POST, "/devices/{node}/keys", r#"{"name":§}"#, "/name", Shown("/devices/{node}/keys", "/items/0/name")),
        (POST, "/nodes/{node}/readings", r#"{"readings":[{"metric":§,"value":1}]}"#, "/readings/0/metric", Used),
        (POST, "/nodes/{node}/readings", r#"{"readings":[{"metric":"ph","value":§}]}"#, "/readings/0/value", Used),
        (POST, "/device/readings", r#"{"readings":[{"metric":§,"value":1}]}"#, "/readings/0/metric", Used),
        (POST, "/device/readings", r#"{"readings":[{"metric":"ph","value":§}]}"#, "/readings/0/value", Used),
        (POST, "/telemetry", r#"{"batches":[{"node_key":§,"readings":[{"metric":"ph","value":1}]}]}"#, "/batches/0/node_key", Used),
        (POST, "/telemetry", r#"{"batches":[{"node_id":§,"readings":[{"metric":"ph","value":1}]}]}"#, "/batches/0/node_id", Used),
        (POST, "/telemetry", r#"{"batches":[{"node_id":"{node}","readings":[{"metric":§,"value":1}]}]}"#, "/batches/0/readings/0/metric", Used),
        (POST, "/telemetry", r#"{"batches":[{"node_id":"{node}","readings":[{"metric":"ph","value":§}]}]}"#, "/batches/0/readings/0/value", Used),
    ]
};

#[rustfmt::skip]
pub(super) const TENANTS: &[Row] = {
    use Fate::*;
    const POST: Method = Method::POST;
    const PATCH: Method = Method::PATCH;
    const RULES: &str = "/admin/ip-rules";
    const COMMUNITY: &str = "/admin/communities/{community}";
    &[
        (POST, "/admin/distributors", r#"{"name":§}"#, "/name", Shown("", "/name")),
        (PATCH, "/admin/distributors/{distributor}", r#"{"name":§}"#, "/name", Shown("/admin/distributors/{distributor}", "/name")),
        (POST, "/admin/communities", r#"{"distributor_id":"{distributor}","name":§}"#, "/name", Shown("", "/name")),
        (POST, "/admin/communities", r#"{"distributor_id":"{distributor}","name":"x","region":§}"#, "/region", Shown("", "/region")),
        (POST, "/admin/communities", r#"{"distributor_id":"{distributor}","name":"x","time_zone":§}"#, "/time_zone", Shown("", "/time_zone")),
        (PATCH, COMMUNITY, r#"{"name":§}"#, "/name", Shown(COMMUNITY, "/name")),
        (PATCH, COMMUNITY, r#"{"region":§}"#, "/region", Shown(COMMUNITY, "/region")),
        (PATCH, COMMUNITY, r#"{"time_zone":§}"#, "/time_zone", Shown(COMMUNITY, "/time_zone")),
        (POST, "/admin/customers", r#"{"community_id":"{community}","name":§}"#, "/name", Shown("", "/name")),
        (PATCH, "/admin/customers/{customer}", r#"{"name":§}"#, "/name", Shown("/admin/customers/{customer}", "/name")),
        (POST, "/admin/plans", r#"{"name":§}"#, "/name", Shown("", "/name")),
        (PATCH, "/admin/plans/{plan}", r#"{"name":§}"#, "/name", Shown("/admin/plans/{plan}", "/name")),
        (POST, RULES, r#"{"network":§,"action":"deny"}"#, "/network", Used),
        (POST, RULES, r#"{"network":"203.0.113.0/24","action":§}"#, "/action", Used),
        (POST, RULES, r#"{"network":"2001:db8::#","action":"deny","note":§}"#, "/note", Shown(RULES, "/items/*/note")),
    ]
};

#[rustfmt::skip]
pub(super) const PEOPLE: &[Row] = {
    use Fate::*;
    const POST: Method = Method::POST;
    const PATCH: Method = Method::PATCH;
    const USER: &str = "/admin/users/{user}";
    &[
        (POST, "/admin/users", r#"{"email":§,"name":"x","role":"operator","community_id":"{community}"}"#, "/email", Shown("", "/email")),
        (POST, "/admin/users", r#"{"email":"p-#@example.org","name":§,"role":"operator","community_id":"{community}"}"#, "/name", Shown("", "/name")),
        (POST, "/admin/users", r#"{"email":"p-#@example.org","name":"x","role":"region_admin","distributor_id":"{distributor}","region":§}"#, "/region", Shown("", "/region")),
        (POST, "/admin/users", r#"{"email":"p-#@example.org","name":"x","role":§,"community_id":"{community}"}"#, "/role", Used),
        (PATCH, USER, r#"{"name":§}"#, "/name", Shown(USER, "/name")),
        (PATCH, USER, r#"{"role":§}"#, "/role", Used),
        (PATCH, USER, r#"{"role":"region_admin","distributor_id":"{distributor}","community_id":null,"region":§}"#, "/region", Shown(USER, "/region")),
        (POST, "/auth/login", r#"{"email":§,"password":"x"}"#, "/email", Used),
        (POST, "/auth/login", r#"{"email":"{email}","password":§}"#, "/password", Used),
        (POST, "/auth/login", r#"{"email":"{email}","password":"x","totp":§}"#, "/totp", Used),
        (POST, "/auth/login", r#"{"email":"{email}","password":"x","new_password":§}"#, "/new_password", Used),
        (POST, "/auth/refresh", r#"{"refresh_token":§}"#, "/refresh_token", Used),
        (POST, "/auth/password", r#"{"current_password":§,"new_password":"a good new one"}"#, "/current_password", Used),
        (POST, "/auth/password", r#"{"current_password":"x","new_password":§}"#, "/new_password", Used),
        (POST, "/auth/totp/enroll", r#"{"password":§}"#, "/password", Used),
        (POST, "/auth/totp/confirm", r#"{"code":§}"#, "/code", Used),
        (POST, "/auth/totp/disable", r#"{"password":§,"code":"123456"}"#, "/password", Used),
        (POST, "/auth/totp/disable", r#"{"password":"x","code":§}"#, "/code", Used),
    ]
};
