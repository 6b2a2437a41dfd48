//! A new Envoy takes the place of the old one while events come.

use crate::good_client::{event, id, GoodClient};
use crate::http1::at_rate;
use crate::ledger::Ledger;
use crate::table::{Case, Measures};
use freshpaint_harness::envoy::Epochs;
use freshpaint_harness::receiver::status;
use freshpaint_harness::shipped::{trust_store, Shipped};
use freshpaint_harness::wait::poll;
use freshpaint_harness::Receiver;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const RATE: usize = 100;
/// How long a webhook takes, so that some are in flight at any time.
const TAKES: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const UNDER_LOAD: Case = Case {
    name: "hot restart under load",
    in_short: false,
    run: |plan| {
        let (crm, app) = (Receiver::start().unwrap(), Receiver::start().unwrap());
        app.stop_recording();
        crm.stop_recording();
        let ledger = Arc::new(Ledger::default());
        let own = Arc::clone(&ledger);
        crm.decide(move |request, _| {
            own.receive(&request.body);
            status(200).after(TAKES)
        });
        let envoys = Epochs::of(shipped(&crm, &app)).unwrap();
        let start = |epoch| {
            envoys
                .start(epoch, &BTreeMap::from([("CRM_KEY", "key")]))
                .unwrap()
        };
        let mut old = start(0);
        envoys.wait_until_serving(PATIENCE).unwrap();
        let time = plan.lasts(8);
        let mut ids = Vec::new();
        let ((outcomes, _new), seen) = GoodClient::new(envoys.address()).beside(|| {
            thread::scope(|scope| {
                let new = scope.spawn(|| {
                    thread::sleep(time / 4);
                    let new = start(1);
                    let gone = poll(PATIENCE, || old.0.try_wait().unwrap());
                    assert!(gone.is_some(), "{}", envoys.log());
                    new
                });
                let count = RATE * time.as_secs() as usize;
                let outcomes = at_rate(envoys.address(), count, time, PATIENCE, |_| {
                    let request = event();
                    ids.push(id(&request));
                    request.to_bytes()
                });
                (outcomes, new.join().unwrap())
            })
        });
        let mut measures = Measures::default();
        measures.at_most("good client's errors", seen.errors_percent(), 1.0, "%");
        let accepted = outcomes.iter().filter(|one| one.status == Some(200));
        measures.none(
            "events not taken",
            outcomes.len() - accepted.clone().count(),
        );
        let lost = accepted.filter(|one| !ledger.has(&ids[one.index])).count();
        measures.none("acknowledged and at no webhook", lost);
        measures.none("doubled", ledger.doubled());
        measures
    },
};

fn shipped(crm: &Receiver, app: &Receiver) -> Shipped {
    let mut shipped = Shipped::load().unwrap();
    shipped.trust(&trust_store().unwrap()).unwrap();
    shipped.lead("crm", crm.address()).unwrap();
    shipped.add_application(app.address()).unwrap();
    let webhooks = &mut shipped.configuration().unwrap()["webhooks"];
    webhooks.as_array_mut().unwrap().truncate(1);
    shipped
}
