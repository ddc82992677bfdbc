//! What the outside knows of receipts and of devices' keys as they are kept: the shapes of two ports, so
//! that whoever speaks to people names no store.

pub use crate::store::{
    Begun, Claim, DeviceKey, DeviceKeys, DeviceKeysError, Kept, MAX_DEVICE_KEYS, RECEIPT_AGE,
    ReceiptName, Receipts, ReceiptsError,
};
