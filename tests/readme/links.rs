//! Every link between the project's pages leads to a file, and to a heading of it.

use freshpaint_harness::shipped::repository;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_of_it() {
    let mut pages = Vec::new();
    collect(repository(), &mut pages);
    assert!(pages.len() >= 12, "{pages:?}");
    let mut broken = Vec::new();
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        for target in targets(&text) {
            if let Some(problem) = problem(page, &target) {
                let page = page.strip_prefix(repository()).unwrap().display();
                broken.push(format!("{page} links to {target}: {problem}"));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn a_heading_becomes_an_anchor_as_on_github() {
    let cases = [
        ("How it is measured", "how-it-is-measured"),
        ("`limits`, `retry`, `dedupe`", "limits-retry-dedupe"),
        (
            "Did event X reach webhook Y?",
            "did-event-x-reach-webhook-y",
        ),
        ("Telling a webhook's answer", "telling-a-webhooks-answer"),
    ];
    for (heading, expected) in cases {
        assert_eq!(anchor(heading), expected);
    }
}

/// The problem of a link that stays inside the project, if it has one.
fn problem(page: &Path, target: &str) -> Option<&'static str> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let file = match path {
        "" => page.to_owned(),
        path => page.with_file_name(path),
    };
    if !file.exists() {
        return Some("there is no such file");
    }
    if heading.is_empty() || file.extension() != Some("md".as_ref()) {
        return None;
    }
    let text = fs::read_to_string(&file).unwrap();
    let known = headings(&text).any(|known| known == heading);
    (!known).then_some("the page has no such heading")
}

/// The targets of a page's links. Code has none.
fn targets(text: &str) -> Vec<String> {
    let prose: String = text.split("```").step_by(2).collect();
    let rest = prose.split("](").skip(1);
    rest.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

fn headings(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut in_code = false;
    text.lines().filter_map(move |line| {
        if line.starts_with("```") {
            in_code = !in_code;
        }
        let heading = line.trim_start_matches('#').strip_prefix(' ')?;
        (!in_code && line.starts_with('#')).then(|| anchor(heading))
    })
}

fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let text: String = heading.chars().filter(kept).collect();
    text.trim().to_lowercase().replace(' ', "-")
}

/// The Markdown files that the project wrote itself.
fn collect(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            collect(&path, pages);
        } else if name.ends_with(".md") {
            pages.push(path);
        }
    }
}
