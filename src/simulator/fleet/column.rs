//! One field of a channel: which quantity a firmware writes there, in which unit, how precisely.
//!
//! Constant data for the catalogue. The map it publishes is the inverse of the text it writes.

use super::device::FieldMapEntry;

/// A quantity that some device reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    DistanceCm,
    TemperatureC,
    Pump,
    FlowLpm,
    TotalL,
    DepthM,
    PressureKpa,
    BatteryV,
    RssiDbm,
}

impl Metric {
    fn name(self) -> &'static str {
        match self {
            Self::DistanceCm => "distance_cm",
            Self::TemperatureC => "temperature_c",
            Self::Pump => "pump",
            Self::FlowLpm => "flow_lpm",
            Self::TotalL => "total_l",
            Self::DepthM => "depth_m",
            Self::PressureKpa => "pressure_kpa",
            Self::BatteryV => "battery_v",
            Self::RssiDbm => "rssi_dbm",
        }
    }
}

/// A column of the channel's table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// 1 to 8.
    pub(super) field: u8,
    pub(super) metric: Metric,
    pub(super) label: &'static str,
    decimals: usize,
    scale: f64,
    offset: f64,
    /// Written in every n-th report only; null in the others.
    pub(super) every: u64,
}

impl Column {
    pub(super) const fn new(
        field: u8,
        metric: Metric,
        label: &'static str,
        decimals: usize,
    ) -> Self {
        Self {
            field,
            metric,
            label,
            decimals,
            scale: 1.0,
            offset: 0.0,
            every: 1,
        }
    }

    /// One raw unit is `scale` units of the metric.
    pub(super) const fn scaled(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }

    /// The device's zero lies `offset` units of the metric from the true one.
    pub(super) const fn shifted(mut self, offset: f64) -> Self {
        self.offset = offset;
        self
    }

    pub(super) const fn once_in(mut self, reports: u64) -> Self {
        self.every = reports;
        self
    }

    /// The text a firmware writes for a value of the metric.
    pub(super) fn text(&self, value: f64) -> String {
        format!("{:.*}", self.decimals, (value - self.offset) / self.scale)
    }

    pub(super) fn map(&self) -> FieldMapEntry {
        FieldMapEntry {
            field: self.field,
            metric: self.metric.name(),
            scale: self.scale,
            offset: self.offset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Metric};

    #[test]
    fn the_published_map_reads_back_what_was_written() {
        let column = Column::new(2, Metric::DistanceCm, "Level (mm)", 0)
            .scaled(0.1)
            .shifted(-3.0);
        let text = column.text(53.2);
        assert_eq!(text, "562");
        let map = column.map();
        assert!((text.parse::<f64>().unwrap() * map.scale + map.offset - 53.2).abs() < 1e-9);
    }
}
