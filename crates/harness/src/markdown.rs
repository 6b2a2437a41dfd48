//! Markdown: the tables of reports, and the code in the project's own pages.

use std::fmt;

/// A table that prints with its columns aligned.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
    /// How many columns from the left hold words; the others hold figures, which stand on the
    /// right.
    words: usize,
}

impl Table {
    /// A table with this head. The first `words` columns are aligned on the left.
    pub fn new<S: Into<String>>(words: usize, head: impl IntoIterator<Item = S>) -> Self {
        let head = head.into_iter().map(Into::into).collect();
        Self {
            rows: vec![head],
            words,
        }
    }

    /// Adds a row. Cells that it lacks at the end stay empty.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
        let width = |column| {
            let widths = self
                .rows
                .iter()
                .map(|row| cell(row, column).chars().count());
            widths.max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            f.write_str("|")?;
            for (column, &width) in widths.iter().enumerate() {
                let text = cell(row, column);
                if column < self.words {
                    write!(f, " {text:width$} |")?;
                } else {
                    write!(f, " {text:>width$} |")?;
                }
            }
            writeln!(f)?;
            if number == 0 {
                f.write_str("|")?;
                for (column, &width) in widths.iter().enumerate() {
                    let side = if column < self.words { '-' } else { ':' };
                    write!(f, "{}{side}|", "-".repeat(width + 1))?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// A figure with three significant digits, or a dash.
pub fn figure(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value.abs() >= 99.5 => format!("{value:.0}"),
        Some(value) if value.abs() >= 9.95 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

/// A ratio with two decimals, or a dash.
pub fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

/// Bytes in MiB.
pub fn mebibytes(bytes: f64) -> String {
    format!("{:.1}", bytes / f64::from(1 << 20))
}

/// A block of code in a page.
#[derive(Clone, Copy, Debug)]
pub struct Fence<'t> {
    /// The words behind the opening backticks.
    pub language: &'t str,
    /// The code.
    pub text: &'t str,
}

/// The blocks of code of a page, in order.
pub fn fences(markdown: &str) -> impl Iterator<Item = Fence<'_>> {
    let parts = markdown.split("```").skip(1).step_by(2);
    parts.filter_map(|part| {
        let (language, text) = part.split_once('\n')?;
        Some(Fence { language, text })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(1, ["who", "µs"]);
        table.row(["module".into(), figure(Some(84.06))]);
        table.row(["lua".into(), figure(Some(1234.5))]);
        table.row(["none"]);
        let expected = "\
| who    |   µs |
|--------|-----:|
| module | 84.1 |
| lua    | 1234 |
| none   |      |
";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn a_page_has_its_blocks_of_code() {
        let page = "a\n```sh\nmake run\n```\nb\n```json payload\n{}\n```\n";
        let found: Vec<_> = fences(page).map(|it| (it.language, it.text)).collect();
        assert_eq!(found, [("sh", "make run\n"), ("json payload", "{}\n")]);
    }

    #[test]
    fn figures_keep_three_digits() {
        let shown = [0.514, 9.96, 99.6, 1234.4].map(|value| figure(Some(value)));
        assert_eq!(shown, ["0.51", "10.0", "100", "1234"]);
        assert_eq!(figure(None), "-");
        assert_eq!(mebibytes(1_572_864.0), "1.5");
    }
}
