//! What is measured. A metric's name ends in its unit, so that no number travels without one.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::FieldError;

macro_rules! metrics {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $unit:literal;)*) => {
        /// Something that a node measures. The known ones have columns of their own in the history;
        /// any other name is as good, and is kept in the table of other metrics.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric {
            $($(#[$doc])* $variant,)*
            /// A name that this service has no arithmetic for. A thin pointer: every twin and every
            /// description holds many metrics, and hardly any of these.
            Other(Arc<String>),
        }

        impl Metric {
            /// The metrics that the service knows, in the order of their declaration.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used in field maps, in the API and in the history.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(name) => name,
                }
            }

            /// The unit of its values; empty for a bare number.
            pub fn unit(&self) -> &'static str {
                match self {
                    $(Self::$variant => $unit,)*
                    Self::Other(name) => unit_of_suffix(name),
                }
            }

            fn known(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

metrics! {
    /// From the sensor down to the water, by ultrasound.
    DistanceCm = "distance_cm", "cm";
    /// Height of the water above the tank's floor.
    LevelCm = "level_cm", "cm";
    /// Of the water or of the air in the tank; corrects the speed of sound where calibrated.
    TemperatureC = "temperature_c", "°C";
    /// 0 when the pump stands, anything else when it runs.
    Pump = "pump", "";
    /// Rate of flow.
    FlowLpm = "flow_lpm", "L/min";
    /// A totalizer's reading; only ever grows, but for wraps and resets.
    TotalL = "total_l", "L";
    /// Depth to water below ground level.
    DepthM = "depth_m", "m";
    /// Pressure at a probe below the water.
    PressureKpa = "pressure_kpa", "kPa";
    /// Supply voltage of the device.
    BatteryV = "battery_v", "V";
    /// Strength of the radio signal.
    RssiDbm = "rssi_dbm", "dBm";
}

impl Metric {
    /// The longest name taken.
    pub const MAX_NAME: usize = 48;
}

fn unit_of_suffix(name: &str) -> &'static str {
    const SUFFIXES: &[(&str, &str)] = &[
        ("_mg_l", "mg/L"),
        ("_pct", "%"),
        ("_lpm", "L/min"),
        ("_m3h", "m³/h"),
        ("_kpa", "kPa"),
        ("_kwh", "kWh"),
        ("_dbm", "dBm"),
        ("_ntu", "NTU"),
        ("_ppm", "ppm"),
        ("_cm", "cm"),
        ("_mm", "mm"),
        ("_hz", "Hz"),
        ("_kw", "kW"),
        ("_m", "m"),
        ("_l", "L"),
        ("_c", "°C"),
        ("_v", "V"),
        ("_a", "A"),
        ("_w", "W"),
        ("_s", "s"),
    ];
    let found = SUFFIXES.iter().find(|(suffix, _)| name.ends_with(suffix));
    found.map_or("", |(_, unit)| unit)
}

impl FromStr for Metric {
    type Err = FieldError;

    /// Takes 1 to [`Metric::MAX_NAME`] of `a-z`, `0-9` and `_`, beginning with a letter.
    fn from_str(name: &str) -> Result<Self, FieldError> {
        if let Some(known) = Self::known(name) {
            return Ok(known);
        }
        let shaped = name.len() <= Self::MAX_NAME
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if shaped {
            Ok(Self::Other(Arc::new(name.to_owned())))
        } else {
            Err(FieldError::new(
                "",
                "a metric is 1 to 48 of a-z, 0-9 and _, beginning with a letter",
            ))
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        name.parse()
            .map_err(|error: FieldError| D::Error::custom(error.message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_metric_is_found_by_its_name() {
        for metric in Metric::KNOWN {
            assert_eq!(&metric.name().parse::<Metric>().unwrap(), metric);
        }
    }

    #[test]
    fn an_unknown_metric_takes_its_unit_from_its_name() {
        assert_eq!("chlorine_mg_l".parse::<Metric>().unwrap().unit(), "mg/L");
        assert_eq!("ph".parse::<Metric>().unwrap().unit(), "");
    }

    #[test]
    fn a_name_that_could_not_be_a_column_is_refused() {
        for name in ["", "Level", "1st", "a-b", "x'; drop", &"a".repeat(49)] {
            assert!(name.parse::<Metric>().is_err(), "{name}");
        }
    }
}
