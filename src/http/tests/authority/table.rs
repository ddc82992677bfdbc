//! The authority matrix: what every route needs, a route a line. A route that is not here fails the test.

use axum::http::Method;

use crate::access::Permission::{self, *};

/// What a route is about, and what it needs.
#[derive(Debug, Clone, Copy)]
pub(super) enum About {
    /// Nothing: it is for everyone.
    Open,
    /// Whoever wants to be known: it looks at tokens itself, and nobody here has a real one.
    Door,
    /// Whoever asks, if that is a person. The people here are kept nowhere.
    Oneself,
    /// Nothing in particular, or what the caller sees.
    Any(Permission),
    /// The node of the path.
    Node(Permission),
    /// The node of the path, for its device, too.
    Push(Permission),
    /// Nodes that the body names, for devices, too.
    Bulk(Permission),
    /// The account of the path: seen.
    Account(Permission),
    /// The account of the path: changed, by whoever has a say in it.
    Ward(Permission),
    /// The node of the device that asks, and of nobody else.
    Device,
    /// The tenant of the path: seen.
    Tenant(Tenants, Permission),
    /// The tenant of the path: changed, from above.
    Below(Tenants, Permission),
    /// A tenant that is to be, made from above.
    Made(Tenants, Permission),
}

/// A kind of tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tenants {
    Distributors,
    Communities,
    Customers,
    Plans,
}

/// A method and a path; what they need; and how whoever has that is answered. Requests are made so that
/// nothing changes: bodies are of the wrong form, and conditions name what never was. A key and a rule are made for each
/// who would remove one.
pub(super) type Row = (Method, &'static str, About, u16);

// A line is a route: what would be broken is easier to read as it is.
#[rustfmt::skip]
pub(super) const TABLE: &[Row] = {
    use About::*;
    use Tenants::*;
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    const PATCH: Method = Method::PATCH;
    const DELETE: Method = Method::DELETE;
    &[
        (GET, "/health", Open, 200),
        (GET, "/health/live", Open, 200),
        (GET, "/health/ready", Open, 200),
        (POST, "/auth/login", Door, 400),
        (POST, "/auth/refresh", Door, 400),
        (POST, "/auth/logout", Door, 401),
        (GET, "/auth/me", Door, 401),
        (POST, "/auth/sync", Door, 401),
        (GET, "/auth/sessions", Oneself, 200),
        (DELETE, "/auth/sessions/{id}", Oneself, 404),
        (POST, "/auth/password", Oneself, 400),
        (POST, "/auth/totp/enroll", Oneself, 400),
        (POST, "/auth/totp/confirm", Oneself, 400),
        (POST, "/auth/totp/disable", Oneself, 400),
        (GET, "/nodes", Any(NodesRead), 200),
        (POST, "/nodes", Any(NodesProvision), 400),
        (GET, "/nodes/{id}", Node(NodesRead), 200),
        (PATCH, "/nodes/{id}", Node(NodesWrite), 412),
        (DELETE, "/nodes/{id}", Node(NodesProvision), 412),
        (POST, "/nodes/{id}/maintenance", Node(NodesMaintain), 400),
        (POST, "/nodes/{id}/readings", Push(TelemetryWrite), 400),
        (POST, "/device/readings", Device, 400),
        (POST, "/telemetry", Bulk(TelemetryWrite), 400),
        (GET, "/nodes/{id}/twin", Node(NodesRead), 200),
        (PATCH, "/nodes/{id}/twin", Node(TwinsDesire), 412),
        (GET, "/nodes/{id}/twin/{path}", Node(NodesRead), 200),
        (GET, "/nodes/{id}/events", Node(TelemetryRead), 503),
        (GET, "/nodes/{id}/telemetry", Node(TelemetryRead), 200),
        (GET, "/nodes/{id}/telemetry/latest", Node(TelemetryRead), 200),
        (GET, "/devices/map", Any(NodesRead), 200),
        (GET, "/devices/{id}/config", Node(DevicesRead), 200),
        (PUT, "/devices/{id}/config", Node(DevicesConfigure), 400),
        (GET, "/devices/{id}/channel", Node(DevicesRead), 200),
        (PUT, "/devices/{id}/channel", Node(DevicesConfigure), 400),
        (DELETE, "/devices/{id}/channel", Node(DevicesConfigure), 412),
        (GET, "/devices/{id}/channel/feed", Node(DevicesRead), 200),
        (GET, "/devices/{id}/keys", Node(DevicesKeys), 200),
        (POST, "/devices/{id}/keys", Node(DevicesKeys), 400),
        (DELETE, "/devices/{id}/keys/{key_id}", Node(DevicesKeys), 204),
        (GET, "/dashboard/stats", Any(NodesRead), 200),
        (GET, "/dashboard/fleet", Any(NodesRead), 200),
        (GET, "/dashboard/alerts", Any(AlertsRead), 200),
        (GET, "/stream", Any(NodesRead), 400),
        (GET, "/ws/stats", Any(NodesRead), 200),
        (GET, "/ws", Door, 400),
        (GET, "/admin/distributors", Any(TenancyRead), 200),
        (POST, "/admin/distributors", Made(Distributors, TenancyWrite), 400),
        (GET, "/admin/distributors/{id}", Tenant(Distributors, TenancyRead), 200),
        (PATCH, "/admin/distributors/{id}", Below(Distributors, TenancyWrite), 412),
        (DELETE, "/admin/distributors/{id}", Below(Distributors, TenancyWrite), 412),
        (GET, "/admin/communities", Any(TenancyRead), 200),
        (POST, "/admin/communities", Made(Communities, TenancyWrite), 400),
        (GET, "/admin/communities/{id}", Tenant(Communities, TenancyRead), 200),
        (PATCH, "/admin/communities/{id}", Below(Communities, TenancyWrite), 412),
        (DELETE, "/admin/communities/{id}", Below(Communities, TenancyWrite), 412),
        (GET, "/admin/customers", Any(TenancyRead), 200),
        (POST, "/admin/customers", Made(Customers, TenancyWrite), 400),
        (GET, "/admin/customers/{id}", Tenant(Customers, TenancyRead), 200),
        (PATCH, "/admin/customers/{id}", Below(Customers, TenancyWrite), 412),
        (DELETE, "/admin/customers/{id}", Below(Customers, TenancyWrite), 412),
        (GET, "/admin/plans", Any(PlansRead), 200),
        (POST, "/admin/plans", Any(PlansWrite), 400),
        (GET, "/admin/plans/{id}", Tenant(Plans, PlansRead), 200),
        (PATCH, "/admin/plans/{id}", Tenant(Plans, PlansWrite), 412),
        (DELETE, "/admin/plans/{id}", Tenant(Plans, PlansWrite), 412),
        (GET, "/admin/users", Any(UsersRead), 200),
        (POST, "/admin/users", Any(UsersManage), 400),
        (GET, "/admin/users/{id}", Account(UsersRead), 200),
        (PATCH, "/admin/users/{id}", Ward(UsersManage), 412),
        (DELETE, "/admin/users/{id}", Ward(UsersManage), 412),
        (GET, "/admin/audit", Any(AuditRead), 200),
        (GET, "/admin/audit/verify", Any(AuditRead), 200),
        (GET, "/admin/actors", Any(OpsRead), 200),
        (GET, "/admin/actors/{actor}", Any(OpsRead), 200),
        (POST, "/admin/actors/{actor}/release", Any(OpsAct), 400),
        (GET, "/admin/pollers", Any(OpsRead), 200),
        (GET, "/admin/pollers/{channel_id}", Any(OpsRead), 200),
        (POST, "/admin/pollers/{channel_id}/poll", Any(OpsAct), 200),
        (POST, "/admin/pollers/{channel_id}/pause", Any(OpsAct), 200),
        (POST, "/admin/pollers/{channel_id}/resume", Any(OpsAct), 200),
        (POST, "/admin/pollers/{channel_id}/reset-breaker", Any(OpsAct), 200),
        (POST, "/admin/pollers/{channel_id}/backfill", Any(OpsAct), 200),
        (GET, "/admin/dead-letters", Any(OpsRead), 200),
        (GET, "/admin/ip-rules", Any(IpRules), 200),
        (POST, "/admin/ip-rules", Any(IpRules), 400),
        (DELETE, "/admin/ip-rules/{rule_id}", Any(IpRules), 204),
        (GET, "/admin/database", Any(OpsRead), 200),
        (GET, "/admin/queries", Any(OpsRead), 200),
        (GET, "/admin/ws/stats", Any(OpsRead), 200),
    ]
};
