//! Filters in front of collectors: Envoy keeps each body until its end has come.

use super::{Context, Findings};

/// Envoy's own bound on a connection's buffers where a listener writes none.
const ENVOYS_BUFFER: f64 = 1_048_576.0;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for judged in context.judged {
        let Some(front) = &judged.front else {
            continue;
        };
        let (plugin, most) = (judged.plugin, front.max_body_bytes);
        if let Some(listener) = plugin
            .listener
            .and_then(|at| context.model.listeners.get(at))
        {
            let field = "per_connection_buffer_limit_bytes";
            let buffer = listener.node.number_at(field).unwrap_or(ENVOYS_BUFFER);
            if buffer < most as f64 {
                let message = format!(
                    "has Envoy answer 413 to bodies of more than {buffer} bytes that the filter \
                     waits for; write {field}: {most} (front.max_body_bytes), or a smaller \
                     max_body_bytes"
                );
                findings.error(&listener.at(field), message);
            }
        }
        if let Some(manager) = plugin.manager.and_then(|at| context.model.managers.get(at)) {
            let field = "http2_protocol_options.initial_stream_window_size";
            let window = manager.node.number_at(field);
            if let Some(window) = window.filter(|window| *window < most as f64) {
                let message = format!(
                    "lets no body of more than {window} bytes come in while the filter waits for \
                     its end; write initial_stream_window_size: {most} (front.max_body_bytes), or \
                     a smaller max_body_bytes"
                );
                findings.error(&manager.at(field), message);
            }
        }
    }
}
