//! The host's functions that a callback reads from and reports to: headers, bodies, properties,
//! metrics, the log.

use proxy_wasm::types::{BufferType, LogLevel, MapType, MetricType, Status};

use super::memory::{give, put, text};
use super::state::with;
use super::wire::write_map;
use super::Headers;

#[no_mangle]
extern "C" fn proxy_log(level: LogLevel, message: *const u8, size: usize) -> Status {
    let message = text(message, size);
    with(|state| {
        state.count("proxy_log");
        state.logs.push((level, message));
    });
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_get_buffer_bytes(
    buffer: BufferType,
    start: usize,
    most: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> Status {
    let bytes = with(|state| {
        state.count(format!("proxy_get_buffer_bytes {buffer:?}"));
        match buffer {
            BufferType::PluginConfiguration => Some(state.configuration.clone()),
            BufferType::HttpRequestBody => Some(state.streams.get(&state.acting())?.piece.clone()),
            _ => None,
        }
    });
    let Some(bytes) = bytes else {
        return Status::NotFound;
    };
    let end = start.saturating_add(most).min(bytes.len());
    give(bytes.get(start..end).unwrap_or_default(), data, size);
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_get_header_map_value(
    map: MapType,
    name: *const u8,
    name_size: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> Status {
    let name = text(name, name_size);
    let value = with(|state| {
        state.count(format!("proxy_get_header_map_value {name}"));
        match map {
            // Another context has no such call (Envoy `source/extensions/common/wasm/context.cc`).
            MapType::HttpCallResponseHeaders if state.acting() != state.response_root => {
                Err(Status::BadArgument)
            }
            MapType::HttpCallResponseHeaders => Ok(joined(&state.response, &name)),
            _ => Ok(None),
        }
    });
    let value = match value {
        Ok(value) => value,
        Err(status) => return status,
    };
    let Some(value) = value else {
        return Status::NotFound;
    };
    give(&value, data, size);
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_get_header_map_pairs(
    map: MapType,
    data: *mut *mut u8,
    size: *mut usize,
) -> Status {
    let bytes = with(|state| {
        state.count(format!("proxy_get_header_map_pairs {map:?}"));
        match map {
            MapType::HttpRequestHeaders => {
                Some(write_map(&state.streams.get(&state.acting())?.head))
            }
            _ => None,
        }
    });
    let Some(bytes) = bytes else {
        return Status::NotFound;
    };
    give(&bytes, data, size);
    Status::Ok
}

/// Envoy joins the values of a repeated header with commas.
fn joined(headers: &Headers, name: &str) -> Option<Vec<u8>> {
    let values: Vec<_> = headers
        .iter()
        .filter(|(known, _)| known == name)
        .map(|(_, value)| value.as_slice())
        .collect();
    (!values.is_empty()).then(|| values.join(&b','))
}

#[no_mangle]
extern "C" fn proxy_get_property(
    path: *const u8,
    path_size: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> Status {
    let path = text(path, path_size);
    let (name, connection) = with(|state| {
        state.count(format!("proxy_get_property {path}"));
        (state.plugin_name.clone(), state.connection)
    });
    let value = match (path.as_str(), connection) {
        ("plugin_name", _) => name.into_bytes(),
        ("plugin_root_id", _) => b"freshpaint".to_vec(),
        ("connection\0id", Some(connection)) => connection.to_le_bytes().to_vec(),
        ("request\0total_size", _) => with(|state| {
            let stream = state.streams.get(&state.entered.unwrap_or(state.current));
            let head = stream.map_or(&[][..], |stream| &stream.head);
            let sizes = head.iter().map(|(name, value)| name.len() + value.len());
            (sizes.sum::<usize>() as u64 + state.kept_back)
                .to_le_bytes()
                .to_vec()
        }),
        _ => return Status::NotFound,
    };
    give(&value, data, size);
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_define_metric(
    kind: MetricType,
    name: *const u8,
    name_size: usize,
    id: *mut u32,
) -> Status {
    let name = text(name, name_size);
    let index = with(|state| {
        state.count("proxy_define_metric");
        let known = state.metrics.iter().position(|(known, _)| *known == name);
        known.unwrap_or_else(|| {
            state.metrics.push((name, 0));
            state.metric_kinds.push(kind);
            state.metrics.len() - 1
        })
    });
    put(index as u32, id);
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_increment_metric(id: u32, by: i64) -> Status {
    with(|state| {
        let Some((name, value)) = state.metrics.get_mut(id as usize) else {
            return Status::NotFound;
        };
        let Some(by) = u64::try_from(by).ok().filter(|by| *by > 0) else {
            return Status::BadArgument;
        };
        *value += by;
        let host_call = format!("proxy_increment_metric {name}");
        state.count(host_call);
        if state.roots.values().any(|root| root.configuring) {
            state.violation("a count from on_configure, which runs in every VM");
        }
        Status::Ok
    })
}

/// Sets a gauge; of a histogram, the number of its values is kept.
#[no_mangle]
extern "C" fn proxy_record_metric(id: u32, value: u64) -> Status {
    with(|state| {
        let (Some((name, known)), Some(kind)) = (
            state.metrics.get_mut(id as usize),
            state.metric_kinds.get(id as usize),
        ) else {
            return Status::NotFound;
        };
        match kind {
            MetricType::Gauge => *known = value,
            MetricType::Histogram => *known += 1,
            _ => return Status::BadArgument,
        }
        let host_call = format!("proxy_record_metric {name}");
        state.count(host_call);
        Status::Ok
    })
}

#[no_mangle]
extern "C" fn proxy_get_metric(id: u32, value: *mut u64) -> Status {
    let known = with(|state| {
        state.count("proxy_get_metric");
        state.metrics.get(id as usize).map(|(_, value)| *value)
    });
    let Some(known) = known else {
        return Status::NotFound;
    };
    put(known, value);
    Status::Ok
}
