//! The text in which Envoy gives its metrics to Prometheus.

/// Whether Prometheus' text has this sample, whatever the order of the labels.
pub fn has_sample(text: &str, wanted: &str) -> bool {
    let sorted = |line: &str| {
        let (name, rest) = line.split_once('{')?;
        let (labels, value) = rest.split_once('}')?;
        let mut labels: Vec<_> = labels.split(',').map(str::to_owned).collect();
        labels.sort();
        Some((name.to_owned(), labels, value.trim().to_owned()))
    };
    text.lines()
        .any(|line| sorted(line).is_some() && sorted(line) == sorted(wanted))
}
