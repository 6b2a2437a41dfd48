//! Walks the files once and finds what is of interest, wherever it stands.

use crate::files::{File, Kind};
use crate::model::{typed, Model, Part, Plugin, Route};
use crate::node::{is_field, Member, Node, Value};
use crate::place::member;

const MANAGER: &str =
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const HTTP_WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
const OTHER_WASM: [&str; 3] = [
    "envoy.extensions.filters.network.wasm.v3.Wasm",
    "envoy.extensions.wasm.v3.WasmService",
    "envoy.extensions.access_loggers.wasm.v3.WasmAccessLog",
];
const LISTENER: &str = "envoy.config.listener.v3.Listener";
const CLUSTER: &str = "envoy.config.cluster.v3.Cluster";

/// Levels that say nothing to a reader of a path.
const SILENT: [&str; 8] = [
    "static_resources",
    "typed_config",
    "typed_extension_protocol_options",
    "filter_chains",
    "filters",
    "resources",
    "spec",
    "value",
];

/// The surroundings of a value.
#[derive(Clone, Copy, Default)]
struct Around {
    listener: Option<usize>,
    manager: Option<usize>,
}

/// Finds everything in the files.
pub(crate) fn walk(files: &[File]) -> Model<'_> {
    let mut walk = Walk {
        model: Model::default(),
        file: "",
        kind: Kind::Excerpt,
    };
    for file in files {
        (walk.file, walk.kind) = (&file.name, file.kind);
        let read = match file.kind {
            Kind::Manifest => file.documents.len(),
            _ => 1,
        };
        for root in file.documents.iter().take(read) {
            if file.kind == Kind::Bootstrap {
                let part = walk.part(String::new(), root.line, root);
                walk.model.bootstraps.push(part);
            }
            walk.visit(root, root.line, "", Around::default(), false);
        }
    }
    walk.model.has_unseen_clusters = has_unseen_clusters(files, &walk.model);
    walk.model
}

/// A bootstrap names the places where clusters come from. Without one they are all here if any is.
fn has_unseen_clusters(files: &[File], model: &Model<'_>) -> bool {
    if files.iter().any(|file| file.kind == Kind::Manifest) {
        return true;
    }
    if model.bootstraps.is_empty() {
        return model.clusters.is_empty();
    }
    model.bootstraps.iter().any(|bootstrap| {
        let source = bootstrap.node.get("dynamic_resources.cds_config");
        source.is_some_and(|source| {
            source.get("path_config_source").is_none() && source.get("path").is_none()
        })
    })
}

struct Walk<'a> {
    model: Model<'a>,
    file: &'a str,
    kind: Kind,
}

impl<'a> Walk<'a> {
    fn part(&self, path: String, line: usize, node: &'a Node) -> Part<'a> {
        Part {
            file: self.file,
            path,
            line,
            node,
        }
    }

    /// The items of a list under a key that is silent are silent too.
    fn visit(&mut self, node: &'a Node, line: usize, path: &str, around: Around, silent: bool) {
        match &node.value {
            Value::Object(object) => {
                for (key, line) in &object.twice {
                    let part = self.part(member(path, key), *line, node);
                    self.model.twice.push(part);
                }
                let (path, around) = self.recognise(node, line, path, around);
                for found in &object.members {
                    self.visit_member(node, found, &path, around);
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let place = match item.text_at("name") {
                        _ if silent => path.to_owned(),
                        Some(name) => format!("{path}[{name}]"),
                        None => format!("{path}[{index}]"),
                    };
                    self.visit(item, item.line, &place, around, false);
                }
            }
            _ => {}
        }
    }

    fn visit_member(&mut self, parent: &'a Node, found: &'a Member, path: &str, around: Around) {
        let (key, node) = (found.key.as_str(), found.node.as_ref());
        let is = |field| is_field(key, field);
        if is("configuration") && parent.get("vm_config").is_some() {
            return self.visit_configuration(node);
        }
        let silent = SILENT.iter().any(|field| is(field)) || key.contains("HttpProtocolOptions");
        let below = if silent {
            path.to_owned()
        } else {
            member(path, key)
        };
        if is("static_resources") {
            for (field, list) in [("listeners", 0), ("clusters", 1)] {
                let items = node.get(field).map(Node::items).unwrap_or_default();
                for item in items {
                    let name = item.text_at("name").unwrap_or("?");
                    let part = self.part(format!("{field}[{name}]"), item.line, item);
                    match list {
                        0 => self.model.listeners.push(part),
                        _ => self.model.clusters.push(part),
                    }
                }
            }
        }
        if is("route") && node.text_at("cluster").is_some() {
            let action = self.part(below.clone(), found.line, node);
            let listener = around.listener;
            self.model.routes.push(Route { action, listener });
        }
        if is("path_config_source") && node.text_at("path").is_some() {
            let part = self.part(below.clone(), found.line, node).at("path");
            self.model.watched.push(part);
        }
        self.visit(node, found.line, &below, around, silent);
    }

    /// Notes what an object is, and answers its path and what stands around its members.
    fn recognise(
        &mut self,
        node: &'a Node,
        line: usize,
        path: &str,
        mut around: Around,
    ) -> (String, Around) {
        let mut path = path.to_owned();
        let mut listeners = self.model.listeners.iter();
        if let Some(known) = listeners.position(|part| std::ptr::eq(part.node, node)) {
            around.listener = Some(known);
        }
        // Istio's EnvoyFilter, and Envoy Gateway's EnvoyPatchPolicy.
        let added = match (node.get("patch.value"), node.get("operation.value")) {
            (Some(value), _) if node.text_at("applyTo") == Some("CLUSTER") => Some(value),
            (_, Some(value)) if node.text_at("type").is_some_and(|t| t.ends_with(CLUSTER)) => {
                Some(value)
            }
            _ => None,
        };
        if let Some(cluster) = added {
            self.add_cluster(cluster);
        }
        let Some((type_name, body)) = typed(node) else {
            return (path, around);
        };
        match type_name {
            LISTENER => {
                path = format!("listeners[{}]", node.text_at("name").unwrap_or("?"));
                around.listener = Some(self.model.listeners.len());
                let part = self.part(path.clone(), line, body);
                self.model.listeners.push(part);
            }
            CLUSTER => path = self.add_cluster(body),
            MANAGER => {
                around.manager = Some(self.model.managers.len());
                let part = self.part(path.clone(), line, body);
                self.model.managers.push(part);
            }
            _ if type_name == HTTP_WASM || OTHER_WASM.contains(&type_name) => {
                let config = self.part(path.clone(), line, body).at("config");
                if !is_ours(config.node, &path) {
                } else if type_name == HTTP_WASM {
                    self.model.plugins.push(Plugin {
                        config,
                        manager: around.manager,
                        listener: around.listener,
                        kind: self.kind,
                    });
                } else {
                    self.model.misplaced.push(config);
                }
            }
            _ => {}
        }
        (path, around)
    }

    fn add_cluster(&mut self, node: &'a Node) -> String {
        let path = format!("clusters[{}]", node.text_at("name").unwrap_or("?"));
        let part = self.part(path.clone(), node.line, node);
        self.model.clusters.push(part);
        path
    }

    /// The module's own configuration, whose paths are those of the module's messages.
    fn visit_configuration(&mut self, node: &'a Node) {
        if let Some(tree) = node.get("value") {
            self.visit_tree(tree, "");
        }
    }

    fn visit_tree(&mut self, node: &'a Node, path: &str) {
        if let Value::Object(object) = &node.value {
            for (key, line) in &object.twice {
                let part = self.part(member(path, key), *line, node);
                self.model.twice.push(part);
            }
        }
        for found in node.members() {
            self.visit_tree(&found.node, &member(path, &found.key));
        }
        for (index, item) in node.items().iter().enumerate() {
            self.visit_tree(item, &format!("{path}[{index}]"));
        }
    }
}

/// Whether a `PluginConfig` loads the module: by its names, its file, or its configuration.
fn is_ours(config: &Node, path: &str) -> bool {
    let names = [
        config.text_at("name"),
        config.text_at("root_id"),
        config.text_at("vm_config.vm_id"),
        config.text_at("vm_config.code.local.filename"),
        config.text_at("vm_config.code.remote.http_uri.uri"),
        Some(path),
    ];
    names
        .iter()
        .flatten()
        .any(|name| name.contains("freshpaint"))
        || config.get("configuration.value.webhooks").is_some()
        || config.get("configuration.value.webhook").is_some()
}
