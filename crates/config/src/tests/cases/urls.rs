//! `webhooks[].url`.

use super::Case;

const OUTSIDE_ASCII: &str = "has a host with letters outside ASCII; write its xn-- form, such as \
                             xn--bcher-kva.example for b\u{fc}cher.example";

pub(super) fn cases() -> Vec<Case> {
    let url = |url: &str, said: &str| {
        let said = format!("webhooks[0].url: {said}");
        Case::new(format!(r#"{{"webhooks": [{{"url": {url}}}]}}"#), &[&said])
    };
    let long = format!(r#""https://example.com/{}""#, "a".repeat(8_200));
    vec![
        Case::new(r#"{"webhooks": [{}]}"#, &[r#"webhooks[0].url: is missing; write an absolute url such as "https://example.com/events""#]),
        url("7", r#"is a number; write an absolute url such as "https://example.com/events""#),
        url(r#""""#, "has no http:// or https:// in front; write an absolute url such as https://example.com/events"),
        url(r#""/events""#, "has no http:// or https:// in front; write an absolute url such as https://example.com/events"),
        url(r#""example.com/events""#, "has no http:// or https:// in front; write an absolute url such as https://example.com/events"),
        url(r#""https:example.com""#, "has no http:// or https:// in front; write an absolute url such as https://example.com/events"),
        url(r#""ftp://example.com/""#, "is neither http nor https; write an absolute url such as https://example.com/events"),
        url(r#""https:///events""#, "has no host after https://; write an absolute url such as https://example.com/events"),
        url(r#""https://:8443/""#, "is not a url (empty host); write an absolute url such as https://example.com/events"),
        url(r#""https://example.com:99999/""#, "is not a url (invalid port number); write an absolute url such as https://example.com/events"),
        url(r#""https://example.com:0/""#, "has port 0; write the webhook's port, or none for the scheme's own"),
        url(r#""http://1.2.3.999/""#, "is not a url (invalid IPv4 address); write an absolute url such as https://example.com/events"),
        url(r#""http://[::1/""#, "is not a url (invalid IPv6 address); write an absolute url such as https://example.com/events"),
        url(r#""https://exa|mple.com/""#, "is not a url (invalid international domain name); write an absolute url such as https://example.com/events"),
        url(r#""https://Example.%ff.com/""#, "has a percent-encoded host; write the host as it is, or as xn--"),
        url(r#""https://\uff45xample.com/""#, OUTSIDE_ASCII),
        url(r#""https://b\u00fccher.example/""#, OUTSIDE_ASCII),
        url(
            r#""https://user:pass@example.com/""#,
            r#"holds user-info before an "@"; write it without, and for basic auth the header Authorization: "Basic ${BASIC_AUTH}", with the base64 of user:password in the variable"#
        ),
        url(r#""https://example.com/a#b""#, r##"has a fragment, which is never sent; write it without "#" and what follows"##),
        url(r#"" https://example.com/""#, "begins or ends with whitespace; write it without"),
        url(r#""https://example.com/a\tb""#, "holds whitespace, a control character or a backslash; write it percent-encoded"),
        url(r#""https://example.com\\b""#, "holds whitespace, a control character or a backslash; write it percent-encoded"),
        url(r#""https://example.com/100%""#, r#"has a "%" without two hexadecimal digits; write %25 for a literal "%""#),
        url(&long, "is 8220 bytes long; write at most 8192"),
        url(
            r#""https://example.com/${GONE}""#,
            "needs the environment variable GONE, which is not set; list GONE under \
             vm_config.environment_variables.host_env_keys and export it where Envoy starts"
        ),
    ]
}
