//! Permissions as types, so that a handler's signature says what it needs.

use crate::access::Permission;

/// A permission that a handler needs.
pub(crate) trait Right: Send + 'static {
    /// The permission.
    const NEEDS: Permission;
}

macro_rules! rights {
    ($($name:ident)*) => { $(
        #[doc = concat!("[`Permission::", stringify!($name), "`]")]
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl Right for $name {
            const NEEDS: Permission = Permission::$name;
        }
    )* };
}

rights! {
    AlertsRead AuditRead DevicesConfigure DevicesKeys DevicesRead IpRules NodesMaintain NodesProvision NodesRead NodesWrite
    OpsAct OpsRead PlansRead PlansWrite TelemetryRead TenancyRead TenancyWrite TwinsDesire UsersManage
    UsersRead
}
