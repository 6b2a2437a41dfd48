//! Why a text is no YAML, where its lines show it.

/// The remedy when `line` (counted from 1), or the line before it, is not YAML.
pub(crate) fn remedy(text: &str, line: usize) -> String {
    let before = line.saturating_sub(2);
    let near: Vec<&str> = text.lines().skip(before).take(2).collect();
    let known = near.iter().rev().find_map(|line| mistake(line));
    match known {
        Some(remedy) => remedy.into(),
        None => "correct this line or the one before it".into(),
    }
}

/// Mistakes that a parser reports as something else, often on the next line.
fn mistake(line: &str) -> Option<&'static str> {
    let content = line.trim_start_matches(['-', ' ', '\t']);
    if content.starts_with('#') {
        return None;
    }
    let (indent, _) = line.split_at_checked(line.len() - content.len())?;
    if indent.contains('\t') {
        Some("write spaces in place of tabs")
    } else if content.contains(['\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}']) {
        Some("write straight quotes, \" or ', in place of the curly ones")
    } else if line.contains('\u{a0}') {
        Some("write plain spaces in place of no-break spaces")
    } else if is_unquoted(content, "${") {
        Some("write quotes around ${...} between { } and [ ]")
    } else if content.contains(":\"") || content.contains(":'") {
        Some("write a space after the colon")
    } else if is_unquoted(content, "*]") || is_unquoted(content, "*,") {
        Some("write \"*\" in quotes")
    } else {
        None
    }
}

/// Whether `wanted` stands in a list or an object of one line, outside of quotes.
fn is_unquoted(line: &str, wanted: &str) -> bool {
    line.match_indices(wanted).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        let is_even = |quote| before.matches(quote).count() % 2 == 0;
        before.contains(['{', '[']) && is_even('"') && is_even('\'')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_has_its_remedy() {
        for (line, said) in [
            ("\t- name: crm", "tabs"),
            ("-\tname: crm", "tabs"),
            (
                "headers: {X-Api-Key: \u{201c}${CRM_KEY}\u{201d}}",
                "straight quotes",
            ),
            ("- name:\u{a0}crm", "no-break"),
            ("headers: {X-Api-Key: ${CRM_KEY}}", "around ${...}"),
            ("secrets: [${CRM_KEY}]", "around ${...}"),
            ("headers: {X-Api-Key:\"k\"}", "after the colon"),
            ("domains: [*]", "\"*\" in quotes"),
            ("headers: {X-Api-Key: \"${CRM_KEY}\"", "the one before it"),
            ("# don't: {a:\"b\"}", "the one before it"),
            ("secret: ${CRM_KEY}", "the one before it"),
        ] {
            for text in [line.to_owned(), format!("a: b\n{line}\nc: d\n")] {
                let at = text.lines().count().min(3);
                let remedy = remedy(&text, at);
                assert!(remedy.contains(said), "{line}: {remedy}");
            }
        }
    }
}
