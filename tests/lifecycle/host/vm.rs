//! One VM: its roots come with configurations and go when they are replaced.

use std::io::Write;
use std::sync::Once;
use std::time::Duration;

use serde_json::Value;

use super::callbacks::{
    _initialize, callback, delete_root, during, proxy_on_configure, proxy_on_context_create,
    proxy_on_delete, proxy_on_done, proxy_on_vm_start,
};
use super::state::{self, next_id, with, State};

/// A root context of this VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RootId(pub(super) u32);

/// A request on its way through the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamId(pub(super) u32);

/// One VM on one worker, on this thread.
pub(crate) struct Host {
    /// Whose streams new requests are.
    newest: Option<RootId>,
    /// Not `Send`: the VM belongs to the thread.
    _thread: std::marker::PhantomData<*const ()>,
}

impl Host {
    /// A VM without a configuration.
    pub(crate) fn start() -> Self {
        static ONCE: Once = Once::new();
        state::install(Some(State {
            steady: Duration::from_secs(1_000),
            // 2026-01-02T03:04:05Z
            unix: Duration::from_secs(1_767_323_045),
            plugin_name: "webhooks".into(),
            ..State::default()
        }));
        // SAFETY: no contract.
        ONCE.call_once(|| {
            // The SDK's logger can be installed once per process, and its panic hook would keep the
            // panics of tests.
            let hook = std::panic::take_hook();
            unsafe { _initialize() };
            std::panic::set_hook(Box::new(move |panic| {
                if let Some(note) = state::under_way() {
                    // The program is about to end, and with it what the test runner has captured.
                    let _ = writeln!(std::io::stderr(), "the module panicked: {panic}\n{note}");
                }
                hook(panic);
            }));
        });
        unsafe { _initialize() };
        Self {
            newest: None,
            _thread: std::marker::PhantomData,
        }
    }

    /// A VM with this configuration.
    pub(crate) fn with(configuration: &Value) -> Self {
        let mut host = Self::start();
        assert!(
            host.configure(configuration.to_string()),
            "{:?}",
            host.logs()
        );
        host
    }

    /// Sets `vm_config.environment_variables`.
    pub(crate) fn set_environment(&mut self, variables: &[(&str, &str)]) {
        let entry = |(name, value): &(&str, &str)| format!("{name}={value}\0");
        let entries: String = variables.iter().map(entry).collect();
        with(|state| state.environment = entries.into_bytes());
    }

    /// The `name` of the plugins that are configured from now on.
    pub(crate) fn set_plugin_name(&mut self, name: &str) {
        with(|state| state.plugin_name = name.to_owned());
    }

    /// Makes a root with this configuration; new requests are its when it takes the configuration.
    pub(crate) fn configure(&mut self, configuration: impl Into<Vec<u8>>) -> bool {
        let (root, configuration) = (next_id(), configuration.into());
        let size = configuration.len();
        with(|state| {
            state.configuration = configuration;
            let configuring = true;
            state.roots.insert(
                root,
                state::Root {
                    configuring,
                    ..Default::default()
                },
            );
        });
        callback!(root, proxy_on_context_create(root, 0));
        assert!(callback!(root, proxy_on_vm_start(root, 0)));
        let accepted = callback!(root, proxy_on_configure(root, size));
        if accepted {
            with(|state| state.roots.get_mut(&root).unwrap().configuring = false);
            self.newest = Some(RootId(root));
        } else {
            delete_root(root);
        }
        accepted
    }

    /// New requests are this root's.
    pub(crate) fn select(&mut self, root: RootId) {
        self.newest = Some(root);
    }

    /// The root of the newest configuration.
    pub(crate) fn root(&self) -> RootId {
        self.newest.unwrap()
    }

    /// Loads a new configuration, and returns the root of the one before.
    pub(crate) fn replace(&mut self, configuration: &Value) -> RootId {
        let old = self.root();
        assert!(self.configure(configuration.to_string()));
        old
    }

    /// A new configuration has replaced this one, and its last stream is gone; says whether the
    /// root is done at once.
    pub(crate) fn retire(&mut self, root: RootId) -> bool {
        let RootId(root) = root;
        let is_done = callback!(root, proxy_on_done(root));
        if is_done {
            delete_root(root);
        } else {
            with(|state| state.roots.get_mut(&root).unwrap().pending_done = true);
        }
        is_done
    }

    /// Has the root been deleted?
    pub(crate) fn is_gone(&self, root: RootId) -> bool {
        with(|state| !state.roots.contains_key(&root.0))
    }

    /// A line to show if the module panics from here on.
    pub(crate) fn note(&mut self, note: String) {
        with(|state| state.note = note);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let contexts = with(|state| {
            let streams = state.streams.keys();
            streams
                .chain(state.roots.keys())
                .copied()
                .collect::<Vec<_>>()
        });
        for context in contexts {
            // SAFETY: no contract.
            unsafe { proxy_on_delete(context) };
        }
        state::install(None);
    }
}
