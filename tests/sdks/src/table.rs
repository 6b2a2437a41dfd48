//! The table SDK x call, what is wrong below it, and the counts.

use crate::scene::Cells;
use crate::sdk::CALLS;
use freshpaint_harness::markdown;
use std::fmt;

/// The columns after those of the calls.
const SCENES: [&str; 3] = ["once", "outage", "refused"];

/// All columns hold words.
const COLUMNS: usize = 1 + CALLS.len() + SCENES.len();

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
    /// A table of these rows.
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
        let columns = || CALLS.iter().chain(&SCENES).copied();
        let mut table = markdown::Table::new(COLUMNS, ["SDK"].into_iter().chain(columns()));
        for row in &self.rows {
            let name = [row.name.as_str()].into_iter();
            match &row.cells {
                Err(_) => table.row(name.chain(["skipped"])),
                Ok(cells) => table.row(name.chain(columns().map(|column| word(cells.get(column))))),
            }
        }
        write!(f, "\n{table}")?;
        f.write_str(LEGEND)?;
        for row in &self.rows {
            for (column, cell) in row.cells.iter().flatten() {
                if let Err(wrong) = cell {
                    writeln!(f, "\n{}, {column}:\n{}", row.name, wrong.trim_end())?;
                }
            }
        }
        for row in &self.rows {
            if let Err(why) = &row.cells {
                writeln!(f, "\n{}: skipped: {why}", row.name)?;
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

fn word(cell: Option<&Result<(), String>>) -> &'static str {
    match cell {
        Some(Ok(())) => "ok",
        Some(Err(_)) => "FAILED",
        None => "-",
    }
}

const LEGEND: &str = "
A call is ok when both webhooks got its whole payload and the SDK itself reports success.
-        the SDK does not have this call
page     a page or screen call
unload   an event while the page goes away
once     nothing was sent or delivered twice
outage   both webhooks answered 503 for a while: an SDK that sends again does so with the same
         message id, and each webhook then got each event once
refused  the same with webhooks that refuse connections
";
