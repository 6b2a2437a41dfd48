//! `${NAME}`: values from the environment of Envoy's VM, so that secrets stay out of the
//! configuration.

use super::quote::shown;

/// Replaces each `${NAME}` in `text`; `$${` stands for a literal `${`, and any other `$` for
/// itself.
///
/// The value of a variable is not expanded again: a `${` in it stays as it is.
///
/// # Errors
///
/// The problem of a reference and the remedy, without any part of `text` or of a variable's value.
pub(super) fn expand(
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            rest = after;
            continue;
        }
        expanded.push_str(before);
        let Some((name, after)) = after.split_once('}').filter(|(name, _)| is_name(name)) else {
            return Err(
                "has a \"${\" without a name and a \"}\" right after it; write ${NAME} with \
                 letters, digits and _ alone, or $${ for a literal ${"
                    .into(),
            );
        };
        match environment(name) {
            Some(value) if !value.is_empty() => expanded.push_str(&value),
            Some(_) => {
                return Err(format!(
                    "needs the environment variable {name}, which is empty; \
                     export it with a value where Envoy starts"
                ))
            }
            None => {
                return Err(format!(
                    "needs the environment variable {name}, which is not set; \
                     list {name} under {PLACE} and export it where Envoy starts"
                ))
            }
        }
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// Whether `text` takes anything from the environment.
pub(super) fn refers(text: &str) -> bool {
    text.replace("$${", "").contains("${")
}

/// The warning about a secret that stands in the configuration itself.
pub(super) fn in_plain_sight(variable: &str) -> String {
    format!(
        "holds a secret in plain sight; write {}, \
         list {variable} under {PLACE} and export it where Envoy starts",
        shown(&format!("${{{variable}}}"))
    )
}

/// Where the Envoy file lists the variables that the VM may see.
const PLACE: &str = "vm_config.environment_variables.host_env_keys";

/// The first `$NAME`, or `$(NAME)` as Kubernetes has it, that was probably meant as `${NAME}`: two
/// capitals at least.
pub(super) fn without_braces(text: &str) -> Option<&str> {
    text.split('$').skip(1).find_map(|after| {
        let after = after.strip_prefix('(').unwrap_or(after);
        let capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let end = after.find(|c| !capital(c)).unwrap_or(after.len());
        let (name, _) = after.split_at_checked(end)?;
        let capitals = name.bytes().filter(u8::is_ascii_uppercase).count();
        (capitals >= 2 && is_name(name)).then_some(name)
    })
}

/// `[A-Za-z_][A-Za-z0-9_]*`
fn is_name(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().all(word)
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && !text.is_empty()
}

/// Refuses a value that is compared or hashed and has a line break at its end: most likely that of
/// a file, which the copies of others do not have.
pub(super) fn check_plain(value: &str) -> Result<(), String> {
    if value.trim() == value && !value.contains(char::is_control) {
        return Ok(());
    }
    Err(
        "has a space, a line break or a control character at an end or within; write the secret \
         without it"
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "KEY" => Some("k3y".into()),
            "_2" => Some("${KEY}".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn replaces_references_anywhere() {
        let cases = [
            ("${KEY}", "k3y"),
            ("Bearer ${KEY}", "Bearer k3y"),
            ("${KEY}:${KEY}.", "k3y:k3y."),
            ("${_2}", "${KEY}"),
            ("$${KEY}", "${KEY}"),
            ("$${${KEY}}", "${k3y}"),
            ("$$${KEY}", "$${KEY}"),
            ("pa$$word$", "pa$$word$"),
            ("$KEY {KEY}", "$KEY {KEY}"),
            ("", ""),
        ];
        for (written, sent) in cases {
            assert_eq!(expand(written, &environment), Ok(sent.into()), "{written}");
        }
    }

    #[test]
    fn refuses_what_is_no_reference() {
        for written in [
            "${}",
            "${KEY",
            "${2}",
            "${A B}",
            "${A-B}",
            "a${",
            "${${KEY}}",
            "${K\u{e9}Y}",
        ] {
            let message = expand(written, &environment).unwrap_err();
            assert_eq!(
                message,
                "has a \"${\" without a name and a \"}\" right after it; write ${NAME} with \
                 letters, digits and _ alone, or $${ for a literal ${"
            );
        }
    }

    #[test]
    fn a_variable_must_be_set_and_not_empty() {
        assert_eq!(
            expand("${GONE}", &environment).unwrap_err(),
            "needs the environment variable GONE, which is not set; list GONE under \
             vm_config.environment_variables.host_env_keys and export it where Envoy starts"
        );
        assert_eq!(
            expand("${EMPTY}", &environment).unwrap_err(),
            "needs the environment variable EMPTY, which is empty; \
             export it with a value where Envoy starts"
        );
    }

    #[test]
    fn a_name_without_braces_is_found() {
        for (text, name) in [
            ("$CRM_KEY", Some("CRM_KEY")),
            ("Bearer $CRM_KEY", Some("CRM_KEY")),
            ("$(CRM_KEY)", Some("CRM_KEY")),
            ("a$b $KEY2.", Some("KEY2")),
            ("${CRM_KEY}", None),
            ("$${CRM_KEY}", None),
            ("pa$$word", None),
            ("$A", None),
            ("$5", None),
        ] {
            assert_eq!(without_braces(text), name, "{text}");
        }
    }

    #[test]
    fn an_escape_refers_to_nothing() {
        assert!(refers("Bearer ${KEY}"));
        assert!(!refers("$${KEY}"));
        assert!(!refers("pa$$word"));
    }
}
