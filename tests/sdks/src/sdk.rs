//! The SDKs: which there are, what each is told to do, and what it does when it is told to send
//! again.

use std::time::Duration;

/// The columns for calls; an SDK makes those that its file of expected payloads has.
pub const CALLS: [&str; 6] = ["page", "track", "identify", "group", "batch", "unload"];

/// One SDK.
#[derive(Debug)]
pub struct Sdk {
    /// Its name in its registry; the version is the one that is pinned there.
    pub package: &'static str,
    /// Where it runs, when the name alone does not say it.
    pub variant: &'static str,
    /// The program that drives it, relative to this folder; `expected/<its stem>.json` has the
    /// payloads.
    pub program: &'static str,
    /// Whether it sends again what was answered with 503.
    pub resends: bool,
    /// The longest time after an answer in which it would have sent again, had it taken the answer
    /// for a failure.
    pub first_resend: Duration,
    /// The calls that it makes while every webhook is down.
    pub outage: &'static [&'static str],
}

/// One that sends again after at most `first_resend` milliseconds.
const fn resending(package: &'static str, program: &'static str, first_resend: u64) -> Sdk {
    Sdk {
        package,
        variant: "",
        program,
        resends: true,
        first_resend: Duration::from_millis(first_resend),
        outage: &["track"],
    }
}

/// One that sends everything once, whatever the answer: it still gets time to show otherwise.
const fn sending_once(package: &'static str, program: &'static str) -> Sdk {
    Sdk {
        resends: false,
        ..resending(package, program, 1_000)
    }
}

impl Sdk {
    /// Whether it needs Chromium.
    pub fn in_browser(&self) -> bool {
        self.program.starts_with("browser/")
    }

    /// The name of the file of expected payloads.
    pub fn stem(&self) -> &'static str {
        let file = self.program.rsplit('/').next().unwrap_or(self.program);
        file.rsplit_once('.').map_or(file, |(stem, _)| stem)
    }
}

/// SDKs that only run on phones.
pub const NOT_RUN: [(&str, &str); 2] = [
    (
        "Freshpaint iOS 0.5.0",
        "needs iOS; its requests are among the captures",
    ),
    (
        "Freshpaint Android 2.1.0",
        "needs Android; its requests are among the captures",
    ),
];

/// Every SDK that a registry offers.
pub const SDKS: &[Sdk] = &[
    resending(
        "@segment/analytics-node",
        "node/segment-analytics-node.mjs",
        2_500,
    ),
    resending("analytics-node", "node/analytics-node.mjs", 500),
    resending(
        "segment-analytics-python",
        "python/segment-analytics-python.py",
        1_000,
    ),
    resending(
        "@rudderstack/rudder-sdk-node",
        "node/rudder-sdk-node.mjs",
        500,
    ),
    resending("rudder-sdk-python", "python/rudder-sdk-python.py", 1_500),
    Sdk {
        variant: "(Node.js)",
        ..sending_once("@jitsu/js", "node/jitsu-js.mjs")
    },
    Sdk {
        variant: "(Node.js)",
        ..sending_once("mixpanel", "node/mixpanel.mjs")
    },
    Sdk {
        variant: "(Python)",
        ..sending_once("mixpanel", "python/mixpanel-python.py")
    },
    resending("posthog-node", "node/posthog-node.mjs", 4_000),
    resending("posthog", "python/posthog-python.py", 2_000),
    Sdk {
        // It sends again with the next event.
        outage: &["outage"],
        ..resending(
            "@freshpaint/freshpaint-react-native",
            "node/freshpaint-react-native.mjs",
            1_000,
        )
    },
    resending(
        "@segment/analytics-next",
        "browser/analytics-next.mjs",
        2_000,
    ),
    resending(
        "@rudderstack/analytics-js",
        "browser/rudderstack-js.mjs",
        3_000,
    ),
    Sdk {
        variant: "(browser)",
        ..sending_once("@jitsu/js", "browser/jitsu-js-browser.mjs")
    },
    resending("mixpanel-browser", "browser/mixpanel-browser.mjs", 3_000),
    sending_once(
        "mixpanel-browser-2.29.1",
        "browser/mixpanel-browser-2.29.1.mjs",
    ),
    resending("posthog-js", "browser/posthog-js.mjs", 6_500),
    resending(
        "posthog-js-1.160.0",
        "browser/posthog-js-1.160.0.mjs",
        6_500,
    ),
    sending_once("Freshpaint HTTP API", "node/freshpaint-http-api.mjs"),
];
