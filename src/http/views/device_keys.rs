//! The keys of devices, as JSON.

use evara_actors::domain::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Time;
use crate::app::kept::DeviceKey;
use crate::http::problem::Problem;

/// As long as a node's key: a word or two.
const MAX_NAME: usize = 64;

/// What is said of a new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeviceKeyInput)]
pub(crate) struct DeviceKeyBody {
    /// What people call it, 1 to 64 characters.
    #[schema(example = "the board in the pump house", max_length = 64)]
    name: Option<String>,
}

impl DeviceKeyBody {
    pub(crate) fn into_name(self) -> Result<Option<String>, Problem> {
        let fits = |name: &String| {
            let length = name.chars().count();
            (1..=MAX_NAME).contains(&length) && !name.chars().any(char::is_control)
        };
        match self.name {
            Some(name) if !fits(&name) => Err(Problem::invalid(vec![FieldError::new(
                "/name",
                "must have 1 to 64 characters, none of them a control character",
            )])),
            name => Ok(name),
        }
    }
}

/// A key, without the key itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceKey)]
pub(crate) struct DeviceKeyView<'a> {
    id: Uuid,
    name: Option<&'a str>,
    created_at: Time,
    /// To the minute or so; null before the first use.
    last_used_at: Option<Time>,
}

impl<'a> From<&'a DeviceKey> for DeviceKeyView<'a> {
    fn from(key: &'a DeviceKey) -> Self {
        Self {
            id: key.id,
            name: key.name.as_deref(),
            created_at: Time(key.created_at),
            last_used_at: key.last_used_at.map(Time),
        }
    }
}

/// A new key: the only answer that shows it, and nothing to be printed for debugging.
#[derive(Serialize, ToSchema)]
#[schema(as = NewDeviceKey)]
pub(crate) struct NewDeviceKeyView<'a> {
    #[serde(flatten)]
    about: DeviceKeyView<'a>,
    /// To be sent as `Authorization: Device <key>`.
    #[schema(example = "evk_3q2-7wAA")]
    key: &'a str,
}

impl<'a> NewDeviceKeyView<'a> {
    pub(crate) fn new(key: &'a DeviceKey, secret: &'a str) -> Self {
        Self {
            about: key.into(),
            key: secret,
        }
    }
}
