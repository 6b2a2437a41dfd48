//! The table SDK x call, what is wrong below it, and the counts.

use crate::scene::Cells;
use crate::sdk::CALLS;
use std::fmt;

/// The columns after those of the calls.
const SCENES: [&str; 3] = ["once", "outage", "refused"];

/// One SDK.
pub struct Row {
    /// Name and version.
    pub name: String,
    cells: Result<Cells, String>,
}

/// All of them.
pub struct Table {
    rows: Vec<Row>,
}

impl Row {
    /// It ran.
    pub fn done(name: &str, cells: Cells) -> Self {
        Self {
            name: name.to_owned(),
            cells: Ok(cells),
        }
    }

    /// It could not run.
    pub fn skipped(name: &str, why: &str) -> Self {
        Self {
            name: name.to_owned(),
            cells: Err(why.to_owned()),
        }
    }
}

impl Table {
    /// Of these rows.
    pub fn new(rows: Vec<Row>) -> Self {
        Self { rows }
    }

    /// Adds a row at the end.
    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Cells that failed.
    pub fn failed(&self) -> usize {
        self.cells().filter(|cell| cell.is_err()).count()
    }

    fn cells(&self) -> impl Iterator<Item = &Result<(), String>> {
        self.rows
            .iter()
            .filter_map(|row| row.cells.as_ref().ok())
            .flat_map(Cells::values)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .rows
            .iter()
            .map(|row| row.name.len())
            .max()
            .unwrap_or(0);
        write!(f, "\n{:width$}", "")?;
        for column in CALLS.iter().chain(&SCENES) {
            write!(f, "  {column:8}")?;
        }
        writeln!(f)?;
        for row in &self.rows {
            write!(f, "{:width$}", row.name)?;
            match &row.cells {
                Err(why) => write!(f, "  skipped: {why}")?,
                Ok(cells) => {
                    for column in CALLS.iter().chain(&SCENES) {
                        let word = match cells.get(column) {
                            Some(Ok(())) => "ok",
                            Some(Err(_)) => "FAILED",
                            None => "-",
                        };
                        write!(f, "  {word:8}")?;
                    }
                }
            }
            writeln!(f)?;
        }
        f.write_str(LEGEND)?;
        for row in &self.rows {
            for (column, cell) in row.cells.iter().flatten() {
                if let Err(wrong) = cell {
                    writeln!(f, "\n{}, {column}:\n{}", row.name, wrong.trim_end())?;
                }
            }
        }
        let skipped = self.rows.iter().filter(|row| row.cells.is_err()).count();
        let passed = self.cells().filter(|cell| cell.is_ok()).count();
        writeln!(
            f,
            "\n{passed} passed, {} failed, {skipped} skipped",
            self.failed()
        )
    }
}

const LEGEND: &str = "
A call is ok when both webhooks got its whole payload and the SDK itself reports success; `-` is a call that the SDK does not
have. page: or screen. unload: an event while the page goes away. once: nothing was sent or delivered twice. outage: with both
webhooks answering 503 the SDK sends again, if it is one that does, under the same message id, and each event is delivered once
they are back, to no webhook twice. refused: the same with webhooks that refuse connections.
";
