//! Markdown tables.

use std::fmt;

/// A table that prints with its columns aligned; all columns but the first are figures.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(head: [&str; N]) -> Self {
        let head = head.map(str::to_owned).to_vec();
        Self { rows: vec![head] }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
        let widths: Vec<_> = (0..columns)
            .map(|column| {
                self.rows
                    .iter()
                    .map(|row| cell(row, column).chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for (number, row) in self.rows.iter().enumerate() {
            for (column, &width) in widths.iter().enumerate() {
                let text = cell(row, column);
                if column == 0 {
                    write!(f, "| {text:width$} |")?;
                } else {
                    write!(f, " {text:>width$} |")?;
                }
            }
            writeln!(f)?;
            if number == 0 {
                for (column, &width) in widths.iter().enumerate() {
                    let dashes = "-".repeat(width + 1);
                    write!(
                        f,
                        "{}",
                        if column == 0 {
                            format!("|{dashes}-|")
                        } else {
                            format!("{dashes}:|")
                        }
                    )?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// A figure with three digits that mean something, or a dash.
pub(crate) fn figure(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value.abs() >= 99.5 => format!("{value:.0}"),
        Some(value) if value.abs() >= 9.95 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

/// A ratio, with two decimals.
pub(crate) fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

/// Bytes in MiB.
pub(crate) fn mebibytes(bytes: f64) -> String {
    format!("{:.1}", bytes / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(["who", "µs"]);
        table.row(["module".into(), figure(Some(84.06))]);
        table.row(["lua".into(), figure(Some(1234.5))]);
        let expected = "\
| who    |   µs |
|--------|-----:|
| module | 84.1 |
| lua    | 1234 |
";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn figures_keep_three_digits() {
        let shown = [0.514, 9.96, 99.6, 1234.4].map(|value| figure(Some(value)));
        assert_eq!(shown, ["0.51", "10.0", "100", "1234"]);
        assert_eq!(figure(None), "-");
        assert_eq!(mebibytes(1_572_864.0), "1.5");
    }
}
