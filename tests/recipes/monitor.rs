//! Access to the live page: each way of `docs/monitor.md` to let people in.

use crate::bed::{track, Bed, Setup};
use crate::block;
use freshpaint_harness::receiver::status;
use freshpaint_harness::shipped::{manifests, yaml};
use freshpaint_harness::tls::{ask_as, Certificate};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{wire, Port, Receiver, Request, Response};
use serde_json::{json, Value};
use std::time::Duration;

const PAGE: &str = include_str!("../../docs/monitor.md");

const PATIENCE: Duration = Duration::from_secs(60);

/// The name under which people open the page in the manual.
const NAME: &str = "monitor.example.com";

/// Whom the harness asks for.
const HOST: &str = "collect.test";

fn text(heading: &str, n: usize) -> &'static str {
    let sections = PAGE
        .split("\n#")
        .map(|it| it.trim_start_matches(['#', ' ']));
    block(
        sections
            .into_iter()
            .find(|it| it.starts_with(heading))
            .unwrap(),
        n,
    )
}

fn piece(heading: &str, n: usize) -> Value {
    yaml(&text(heading, n).replace(NAME, HOST)).unwrap()
}

/// The shipped Envoy with the shipped live page, and what people need to reach it.
struct Door {
    bed: Bed,
    port: Port,
    server: Certificate,
    _crm: Receiver,
}

impl Door {
    /// With this in the filter chain, and these filters before the module's.
    fn new(socket: Value, filters: &[Value], finish: impl FnOnce(&mut Setup)) -> Self {
        let crm = Receiver::start().unwrap();
        let mut setup = Setup::new(&crm);
        let port = Port::reserve().unwrap();
        let server = Certificate::for_names(&[HOST]).unwrap();
        setup.write("monitor.pem", &server.pem());
        setup.write("monitor.key", &server.key_pem());
        let mut listener = manifests("monitor.yaml").unwrap()[0][0].take();
        listener["address"]["socket_address"]["port_value"] = json!(port.address().port());
        let chain = &mut listener["filter_chains"][0];
        chain["transport_socket"] = socket["transport_socket"].clone();
        let http_filters = &mut chain["filters"][0]["typed_config"]["http_filters"];
        let module = &mut http_filters[0]["typed_config"]["config"];
        module["configuration"]["value"] = piece("Who may see it", 0);
        let http_filters = http_filters.as_array_mut().unwrap();
        http_filters.splice(0..0, filters.iter().cloned());
        setup.add_listener(listener);
        finish(&mut setup);
        Self {
            bed: setup.start(),
            port,
            server,
            _crm: crm,
        }
    }

    /// None where TLS lets nobody in.
    fn ask(&self, client: Option<&Certificate>, request: &Request) -> Option<Response> {
        let request = request.clone().header("connection", "close").to_bytes();
        let answer = ask_as(client, self.port.address(), HOST, &self.server, &request).ok()?;
        let (message, _) = wire::response(&answer, false, true).ok()??;
        Some(Response {
            status: message.start,
            headers: message.headers,
            body: message.body,
        })
    }

    /// With this on each request the page and its API are there, and show what happens.
    fn assert_open(&self, client: Option<&Certificate>, with: impl Fn(Request) -> Request) {
        let get = |path: &str| {
            let answer = self.ask(client, &with(Request::get(path)));
            answer.unwrap_or_else(|| panic!("{path}: {}", self.bed.envoy.log()))
        };
        let page = get("/");
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(page.text().contains("<title>Freshpaint Webhooks</title>"));
        // Looking is what makes records.
        get("/api/v1/records");
        let delivered = poll(PATIENCE, || {
            assert_eq!(self.bed.send(&track()).status, 200);
            let records = get("/api/v1/records");
            assert_eq!(records.status, 200, "{}", records.text());
            records.text().contains(r#""delivered""#).then_some(())
        });
        assert!(delivered.is_some(), "{}", get("/api/v1/records").text());
        let action = Request::post("/api/v1/retry", "{}")
            .header("content-type", "application/json")
            .header("x-freshpaint-monitor", "1");
        let answer = self.ask(client, &with(action)).unwrap();
        assert_eq!(answer.status, 202, "{}", answer.text());
    }

    /// The answers of the page, its API and an action to a request as it is.
    fn answers(&self, with: impl Fn(Request) -> Request) -> [Option<u16>; 3] {
        let action = Request::post("/api/v1/retry", "{}")
            .header("content-type", "application/json")
            .header("x-freshpaint-monitor", "1");
        [Request::get("/"), Request::get("/api/v1/status"), action]
            .map(|request| Some(self.ask(None, &with(request))?.status))
    }
}

/// A new block of the page gets a test first.
#[test]
fn every_block_is_known_here() {
    let blocks = PAGE.matches("```yaml\n").count();
    let known = [
        ("Configuration", 1),
        ("Who may see it", 2),
        ("Client certificates", 1),
        ("Passwords", 1),
        ("Single sign-on", 2),
    ];
    let counted = known.map(|(heading, blocks)| {
        (0..blocks).for_each(|n| drop(piece(heading, n)));
        blocks
    });
    assert_eq!(blocks, counted.iter().sum::<usize>());
    let shipped = manifests("monitor.yaml").unwrap()[0][0].take();
    let module = "/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config";
    let module = shipped.pointer(module).unwrap();
    assert_eq!(module["configuration"]["value"], piece("Configuration", 0));
}

fn tls() -> Value {
    piece("Who may see it", 1)
}

#[test]
fn a_client_without_a_certificate_of_the_authority_gets_no_answer() {
    let [team, stranger] = [(); 2].map(|()| Certificate::for_names(&["ada"]).unwrap());
    let socket = piece("Client certificates", 0);
    let door = Door::new(socket, &[], |setup| setup.write("team.pem", &team.pem()));
    assert_eq!(door.answers(|it| it), [None; 3]);
    assert!(door.ask(Some(&stranger), &Request::get("/")).is_none());
    door.assert_open(Some(&team), |it| it);
}

#[test]
fn a_client_without_a_password_is_asked_for_one() {
    // `htpasswd -nbs ada lovelace`
    let users = "ada:{SHA}MJgvYgf2tRctgBqviyzN0HpBdyY=\n";
    let door = Door::new(tls(), &[piece("Passwords", 0)], |setup| {
        setup.write("monitor.htpasswd", users);
    });
    let basic = |encoded: &'static str| {
        move |it: Request| it.header("authorization", format!("Basic {encoded}"))
    };
    assert_eq!(door.answers(|it| it), [Some(401); 3]);
    let asked = door.ask(None, &Request::get("/")).unwrap();
    assert!(asked
        .header("www-authenticate")
        .unwrap()
        .starts_with("Basic"));
    // ada:byron
    assert_eq!(door.answers(basic("YWRhOmJ5cm9u")), [Some(401); 3]);
    // ada:lovelace
    door.assert_open(None, basic("YWRhOmxvdmVsYWNl"));
}

#[test]
fn a_client_that_is_not_logged_in_is_sent_to_the_identity_provider() {
    let heading = "Single sign-on";
    let login = Receiver::start().unwrap();
    login.decide(|request, _| {
        let form = String::from_utf8_lossy(&request.body);
        if !form.contains("code=the-code") || !form.contains("client_secret=the-secret") {
            return status(400);
        }
        let answer = json!({"access_token": "token", "token_type": "Bearer", "expires_in": 600});
        let json = "application/json";
        status(200)
            .header("content-type", json)
            .body(answer.to_string())
    });
    let door = Door::new(tls(), &[piece(heading, 0)], |setup| {
        let secret = text(heading, 1);
        setup.write("monitor_client.yaml", secret);
        let cookies = secret.replace("monitor_client", "monitor_cookies");
        setup.write("monitor_cookies.yaml", &cookies);
        setup.shipped.add_cluster("login", login.address()).unwrap();
    });
    assert_eq!(door.answers(|it| it), [Some(302), Some(401), Some(401)]);
    let forged = |it: Request| {
        it.header(
            "cookie",
            "BearerToken=token; OauthHMAC=x; OauthExpires=9999999999",
        )
    };
    assert_eq!(door.answers(forged), [Some(302), Some(401), Some(401)]);

    // As a browser does it: there with what was asked for, and back with a code.
    let asked = door.ask(None, &Request::get("/")).unwrap();
    let there = asked.header("location").unwrap();
    assert!(
        there.starts_with("https://login.example.com/authorize?"),
        "{there}"
    );
    let (_, state) = there.split_once("state=").unwrap();
    let state = state.split('&').next().unwrap();
    let back = Request::get(&format!("/callback?code=the-code&state={state}"));
    let back = door
        .ask(None, &back.header("cookie", cookies(&asked)))
        .unwrap();
    assert_eq!(
        back.status,
        302,
        "{}\n{}",
        back.text(),
        door.bed.envoy.log()
    );
    let session = cookies(&back);
    door.assert_open(None, |it| it.header("cookie", session.clone()));
}

/// The cookies that an answer sets, as the next request has them.
fn cookies(answer: &Response) -> String {
    let set = answer
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let pairs = set.map(|(_, value)| String::from_utf8_lossy(value).into_owned());
    let pairs: Vec<_> = pairs
        .map(|it| it.split(';').next().unwrap().to_owned())
        .collect();
    pairs.join("; ")
}
