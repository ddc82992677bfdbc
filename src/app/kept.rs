//! What the outside knows of receipts, of devices' keys and of rules about addresses as they are kept: the
//! shapes of three ports, so that whoever speaks to people names no store.

pub use crate::store::{
    Act, Begun, Claim, DeviceKey, DeviceKeys, DeviceKeysError, IpRules, IpRulesError, Kept,
    MAX_DEVICE_KEYS, RECEIPT_AGE, ReceiptName, Receipts, ReceiptsError,
};
