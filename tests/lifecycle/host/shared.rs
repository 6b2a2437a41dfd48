//! The host's functions for what the workers of a process share: data and queues.

use proxy_wasm::types::Status;

use super::memory::{give, put, taken, text};
use super::state::{with, Queue};

#[no_mangle]
extern "C" fn proxy_get_shared_data(
    key: *const u8,
    key_size: usize,
    data: *mut *mut u8,
    size: *mut usize,
    cas: *mut u32,
) -> Status {
    let key = text(key, key_size);
    let found = with(|state| {
        state.count(format!("proxy_get_shared_data {}", kind_of(&key)));
        state.shared_data.get(&key).cloned()
    });
    let Some((value, mark)) = found else {
        return Status::NotFound;
    };
    give(&value, data, size);
    put(mark, cas);
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_set_shared_data(
    key: *const u8,
    key_size: usize,
    value: *const u8,
    value_size: usize,
    cas: u32,
) -> Status {
    let (key, value) = (text(key, key_size), taken(value, value_size));
    with(|state| {
        state.count(format!("proxy_set_shared_data {}", kind_of(&key)));
        // A key that is new takes any mark (proxy-wasm-cpp-host `src/shared_data.cc`).
        if let Some((_, mark)) = state.shared_data.get(&key) {
            if cas != 0 && cas != *mark {
                return Status::CasMismatch;
            }
        }
        state.last_cas += 1;
        state.shared_data.insert(key, (value, state.last_cas));
        Status::Ok
    })
}

/// `freshpaint.e` of `freshpaint.e.000001a1`.
fn kind_of(key: &str) -> &str {
    key.trim_end_matches(|last: char| last.is_ascii_hexdigit())
        .trim_end_matches('.')
}

#[no_mangle]
extern "C" fn proxy_register_shared_queue(
    name: *const u8,
    name_size: usize,
    queue: *mut u32,
) -> Status {
    let name = text(name, name_size);
    let id = with(|state| {
        state.count("proxy_register_shared_queue");
        let root = state.acting_root();
        // The root that registers a name last owns it.
        let known = state.queues.iter().position(|queue| queue.name == name);
        let index = known.unwrap_or(state.queues.len());
        if let Some(queue) = state.queues.get_mut(index) {
            queue.root = root;
        } else {
            let items = Default::default();
            state.queues.push(Queue { name, root, items });
        }
        index as u32 + 1
    });
    put(id, queue);
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_enqueue_shared_queue(id: u32, value: *const u8, value_size: usize) -> Status {
    let value = taken(value, value_size);
    with(|state| {
        state.count("proxy_enqueue_shared_queue");
        let Some(queue) = state.queues.get_mut((id as usize).wrapping_sub(1)) else {
            return Status::NotFound;
        };
        queue.items.push_back(value);
        state.wakes.push_back(id);
        Status::Ok
    })
}

#[no_mangle]
extern "C" fn proxy_dequeue_shared_queue(id: u32, data: *mut *mut u8, size: *mut usize) -> Status {
    let item = with(|state| {
        state.count("proxy_dequeue_shared_queue");
        let queue = state.queues.get_mut((id as usize).wrapping_sub(1));
        queue.map_or(Err(Status::NotFound), |queue| {
            queue.items.pop_front().ok_or(Status::Empty)
        })
    });
    match item {
        Ok(item) => {
            give(&item, data, size);
            Status::Ok
        }
        Err(status) => status,
    }
}
