//! Child processes that never outlive this one.

use anyhow::{anyhow, Result};
use std::io;
use std::process::{Child, Command};
use std::sync::{mpsc, Mutex, OnceLock};
use std::thread;

type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// Starts a child that the kernel kills when this process ends, however it ends.
///
/// Linux ties that promise to the *thread* that forks, so one thread that never ends starts all
/// children.
pub fn spawn(mut command: Command) -> Result<Child> {
    static STARTER: OnceLock<Mutex<mpsc::Sender<Order>>> = OnceLock::new();
    die_with_parent(&mut command);
    let starter = STARTER.get_or_init(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, reply) in inbox {
                let _ = reply.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let program = command.get_program().to_string_lossy().into_owned();
    let (reply, started) = mpsc::channel();
    let orders = starter
        .lock()
        .map_err(|_| anyhow!("a starter thread"))?
        .clone();
    orders.send((command, reply))?;
    started
        .recv()?
        .map_err(|error| anyhow!("cannot start {program}: {error}"))
}

#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: prctl is a plain system call, safe between fork and exec.
    unsafe {
        command.pre_exec(|| {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) == 0 {
                Ok(())
            } else {
                Err(io::Error::last_os_error())
            }
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command) {}

/// A child that is killed and reaped when the value goes.
#[derive(Debug)]
pub struct Owned(pub Child);

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
