//! A plot as SVG: x is logarithmic, y begins at 0. It follows the reader's light or dark scheme.

use std::fmt;

/// What is drawn.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) lines: Vec<Line>,
}

/// One curve.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// Dashed, for what the others are compared with.
    pub(crate) faint: bool,
    /// Both over 0.
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 800.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 360.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 780.0;
/// From Okabe and Ito's palette, which colour-blind people can tell apart, on white and on black.
const COLOURS: [&str; 3] = ["#0072b2", "#d55e00", "#009e73"];
const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#333}.title{font-size:15px;font-weight:600}\
.grid{stroke:#8884;stroke-width:1}\
@media(prefers-color-scheme:dark){text{fill:#ccc}.paper{fill:#111}}";

impl Plot {
    fn x_end(&self) -> f64 {
        let largest = self.points().map(|(x, _)| x).fold(10.0, f64::max);
        largest.log10()
    }

    fn y_end(&self) -> f64 {
        nice(self.points().map(|(_, y)| y).fold(1.0, f64::max) * 1.1)
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.lines
            .iter()
            .flat_map(|line| line.points.iter().copied())
    }
}

/// The next 1, 2, 3 or 5 times a power of ten.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 1.5, 2.0, 3.0, 5.0, 10.0]
        .into_iter()
        .map(|step| step * power)
        .find(|end| *end >= value)
        .unwrap_or(value)
}

impl fmt::Display for Plot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (x_end, y_end) = (self.x_end(), self.y_end());
        let across = |x: f64| LEFT + (RIGHT - LEFT) * x.log10() / x_end;
        let up = |y: f64| BOTTOM - (BOTTOM - TOP) * y / y_end;
        let height = BOTTOM + 70.0 + 20.0 * self.lines.len() as f64;
        writeln!(
            f,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">"#
        )?;
        writeln!(f, "<title>{}</title><style>{STYLE}</style>", self.title)?;
        writeln!(
            f,
            r##"<rect class="paper" width="{WIDTH}" height="{height}" fill="#fff"/>"##
        )?;
        writeln!(
            f,
            r#"<text class="title" x="{LEFT}" y="24">{}</text>"#,
            self.title
        )?;
        for step in 0..=5 {
            let value = y_end * f64::from(step) / 5.0;
            let y = up(value);
            writeln!(
                f,
                r#"<path class="grid" d="M{LEFT} {y:.1}H{RIGHT}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{value:.0}</text>"#,
                LEFT - 8.0,
                y + 4.0
            )?;
        }
        for value in [1.0, 10.0, 100.0, 1000.0, 10_000.0] {
            if f64::log10(value) <= x_end {
                let x = across(value);
                writeln!(
                    f,
                    r#"<path class="grid" d="M{x:.1} {TOP}V{BOTTOM}"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{value:.0}</text>"#,
                    BOTTOM + 20.0
                )?;
            }
        }
        writeln!(
            f,
            r#"<text x="{LEFT}" y="{:.1}">{}</text>"#,
            TOP - 8.0,
            self.y
        )?;
        writeln!(
            f,
            r#"<text x="{RIGHT}" y="{:.1}" text-anchor="end">{}</text>"#,
            BOTTOM + 40.0,
            self.x
        )?;
        for (number, line) in self.lines.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let dashes = if line.faint {
                r#" stroke-dasharray="3 4""#
            } else {
                ""
            };
            let stroke = format!(r#"fill="none" stroke="{colour}" stroke-width="2"{dashes}"#);
            let path: Vec<_> = line
                .points
                .iter()
                .map(|(x, y)| format!("{:.1} {:.1}", across(*x), up(*y)))
                .collect();
            writeln!(f, r#"<path d="M{}" {stroke}/>"#, path.join("L"))?;
            for (x, y) in &line.points {
                writeln!(
                    f,
                    r#"<circle cx="{:.1}" cy="{:.1}" r="3" fill="{colour}"/>"#,
                    across(*x),
                    up(*y)
                )?;
            }
            let y = BOTTOM + 70.0 + 20.0 * number as f64;
            writeln!(
                f,
                r#"<path d="M{LEFT} {:.1}h36" {stroke}/><text x="{:.1}" y="{y:.1}">{}</text>"#,
                y - 4.0,
                LEFT + 46.0,
                line.name
            )?;
        }
        writeln!(f, "</svg>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_stand_where_the_axes_say() {
        let plot = Plot {
            title: "t".into(),
            x: "calls".into(),
            y: "µs".into(),
            lines: vec![Line {
                name: "module".into(),
                faint: false,
                points: vec![(1.0, 90.0), (10.0, 45.0), (100.0, 50.0)],
            }],
        };
        let svg = plot.to_string();
        // y goes to 100: half of the height is 50, and x to 100: half of the width is 10.
        assert!(
            svg.contains(r#"d="M60.0 81.0L420.0 220.5L780.0 205.0""#),
            "{svg}"
        );
        assert!(
            svg.contains(r#"text-anchor="end">100</text>"#) && svg.contains(">module</text>"),
            "{svg}"
        );
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!(
            [0.9, 11.0, 99.0, 151.0, 301.0].map(nice),
            [1.0, 15.0, 100.0, 200.0, 500.0]
        );
    }
}
