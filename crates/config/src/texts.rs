//! Lists of texts: names, sources, categories, paths.

use super::read::{Field, Reader, TEXT};

/// Most texts of one list.
pub(super) const MAX_TEXTS: usize = 1_000;
/// Longest text, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 1_024;

/// A list of texts, each of which `make` makes something of.
pub(super) fn texts<T>(
    field: &Field<'_>,
    wanted: &str,
    reader: &mut Reader<'_>,
    make: impl Fn(&str, &mut Reader<'_>) -> Result<T, String>,
) -> Option<Vec<T>> {
    let mut made = Vec::new();
    each_text(field, wanted, reader, &mut |text, reader| {
        made.push(make(text, reader)?);
        Ok(())
    })?;
    Some(made)
}

/// Gives each text of a list to `take`. Not generic, so that the module has it once.
fn each_text(
    field: &Field<'_>,
    wanted: &str,
    reader: &mut Reader<'_>,
    take: &mut dyn FnMut(&str, &mut Reader<'_>) -> Result<(), String>,
) -> Option<()> {
    let items = field.list(wanted, reader)?;
    if items.is_empty() {
        reader.problem(
            &field.path,
            format!("is empty; write {wanted}, or leave the key out"),
        );
    } else if items.len() > MAX_TEXTS {
        reader.problem(
            &field.path,
            format!("has {} entries; write at most {MAX_TEXTS}", items.len()),
        );
    }
    for item in items {
        let Some(text) = item.string(TEXT, reader) else {
            continue;
        };
        if text.is_empty() || text.len() > MAX_TEXT_BYTES {
            let message = match text.len() {
                0 => format!("is empty; write 1 to {MAX_TEXT_BYTES} bytes"),
                length => format!("is {length} bytes long; write 1 to {MAX_TEXT_BYTES}"),
            };
            reader.problem(&item.path, message);
            continue;
        }
        if let Err(message) = take(text, reader) {
            reader.problem(&item.path, message);
        }
    }
    Some(())
}
