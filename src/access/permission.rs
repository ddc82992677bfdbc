//! What may be done, by whom: the whole table, in one place.
//!
//! A permission says what kind of act a role may do at all; where it may, the [reach](super::Reach) says.

use super::Role;

macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal => [$($role:ident)*],)*) => {
        /// A kind of act.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl Permission {
            /// Every permission, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name, as in the documentation.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it lets one do, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)* }
            }

            /// Who has it.
            pub const fn roles(self) -> &'static [Role] {
                match self { $(Self::$variant => &[$(Role::$role),*],)* }
            }
        }
    };
}

permissions! {
    /// See nodes, their twins and what is derived from them.
    NodesRead = "nodes:read" => [SuperAdmin Distributor RegionAdmin CommunityAdmin Operator User],
    /// Change what people say of a node.
    NodesWrite = "nodes:write" => [SuperAdmin Distributor RegionAdmin CommunityAdmin],
    /// Add and remove nodes.
    NodesProvision = "nodes:provision" => [SuperAdmin Distributor RegionAdmin CommunityAdmin],
    /// Take a node out of service, and put it back.
    NodesMaintain = "nodes:maintain" => [SuperAdmin Distributor RegionAdmin CommunityAdmin Operator],
    /// Say what a node's twin should be like, and tag it.
    TwinsDesire = "twins:desire" => [SuperAdmin Distributor RegionAdmin CommunityAdmin Operator],
    /// See how a node is configured, and which channel it reads.
    DevicesRead = "devices:read" => [SuperAdmin Distributor RegionAdmin CommunityAdmin Operator],
    /// Change geometry, calibration, limits and the channel of a node.
    DevicesConfigure = "devices:configure" => [SuperAdmin Distributor RegionAdmin CommunityAdmin],
    /// Make and revoke keys of devices.
    DevicesKeys = "devices:keys" => [SuperAdmin Distributor RegionAdmin CommunityAdmin],
    /// Read history.
    TelemetryRead = "telemetry:read" => [SuperAdmin Distributor RegionAdmin CommunityAdmin Operator User],
    /// Push readings of a node by hand.
    TelemetryWrite = "telemetry:write" => [SuperAdmin Distributor RegionAdmin CommunityAdmin Operator],
    /// See alarms.
    AlertsRead = "alerts:read" => [SuperAdmin Distributor RegionAdmin CommunityAdmin Operator User],
    /// Acknowledge, shelve and clear alarms.
    AlertsAct = "alerts:act" => [SuperAdmin Distributor RegionAdmin CommunityAdmin Operator],
    /// Change what raises alarms.
    RulesWrite = "rules:write" => [SuperAdmin Distributor RegionAdmin CommunityAdmin],
    /// See commands and what became of them.
    CommandsRead = "commands:read" => [SuperAdmin Distributor RegionAdmin CommunityAdmin Operator],
    /// Send commands to nodes.
    CommandsSend = "commands:send" => [SuperAdmin Distributor RegionAdmin CommunityAdmin Operator],
    /// Approve the commands of others.
    CommandsApprove = "commands:approve" => [SuperAdmin Distributor RegionAdmin CommunityAdmin],
    /// See tenants.
    TenancyRead = "tenancy:read" => [SuperAdmin Distributor RegionAdmin CommunityAdmin Operator],
    /// Add, change, move and remove tenants below one's own.
    TenancyWrite = "tenancy:write" => [SuperAdmin Distributor RegionAdmin CommunityAdmin],
    /// See accounts.
    UsersRead = "users:read" => [SuperAdmin Distributor RegionAdmin CommunityAdmin],
    /// Invite, change and disable accounts of less authority than one's own.
    UsersManage = "users:manage" => [SuperAdmin Distributor RegionAdmin CommunityAdmin],
    /// Read who did what.
    AuditRead = "audit:read" => [SuperAdmin Distributor RegionAdmin CommunityAdmin],
    /// Read reports.
    ReportsRead = "reports:read" => [SuperAdmin Distributor RegionAdmin CommunityAdmin Operator User],
    /// See plans.
    PlansRead = "plans:read" => [SuperAdmin Distributor],
    /// Change plans, and which community has which.
    PlansWrite = "plans:write" => [SuperAdmin],
    /// See how the service runs: actors, pollers, dead letters, queries.
    OpsRead = "ops:read" => [SuperAdmin],
    /// Restart, pause and release what runs.
    OpsAct = "ops:act" => [SuperAdmin],
    /// See and change from which addresses the service may be reached.
    IpRules = "ip_rules:write" => [SuperAdmin],
}

impl Permission {
    /// Whether `role` has it.
    pub fn is_had_by(self, role: Role) -> bool {
        self.roles().contains(&role)
    }
}
