//! `make bench`: the module beside its floors and its peers. `benches/README.md` says what is measured and how.

mod body;
mod bootstrap;
mod client;
mod contender;
mod job;
mod load;
mod process;
mod report;
mod rig;
mod rounds;
mod settings;
mod shape;
mod stats;
mod table;
mod webhooks;

use anyhow::Result;
use rig::Rig;
use settings::Settings;

fn main() -> Result<()> {
    let rig = Rig::new(Settings::from_environment()?)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run(&rig))
}

async fn run(rig: &Rig) -> Result<()> {
    let mut outcomes = Vec::new();
    for shape in shape::main_shapes().iter().chain(&shape::further_shapes()) {
        if let Some(outcome) = rounds::run(rig, shape).await? {
            println!("{}", report::shape(&outcome));
            outcomes.push(outcome);
        }
    }
    Ok(())
}
