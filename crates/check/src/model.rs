//! The model of one Envoy: those parts of its files that concern the module.

use crate::files::Kind;
use crate::node::Node;

/// A part of a file.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) file: &'a str,
    /// For a reader: `listeners[collect].http_filters[freshpaint_webhooks]`.
    pub(crate) path: String,
    /// Where its key or its item begins.
    pub(crate) line: usize,
    pub(crate) node: &'a Node,
}

impl<'a> Part<'a> {
    /// Its `name`, empty without one.
    pub(crate) fn name(&self) -> &'a str {
        self.node.text_at("name").unwrap_or_default()
    }

    /// The part under a path of fields; the part itself where that leads no further, so that there
    /// is a line to name.
    pub(crate) fn at(&self, path: &str) -> Self {
        let mut part = self.clone();
        for field in path.split('.') {
            part.path = format!("{}.{field}", part.path);
            if let Some(member) = part.node.member(field) {
                (part.line, part.node) = (member.line, &member.node);
            }
        }
        part
    }
}

/// A filter that loads the module.
#[derive(Clone, Debug)]
pub(crate) struct Plugin<'a> {
    /// The `PluginConfig`.
    pub(crate) config: Part<'a>,
    /// Of the manager that it stands in, its index in [`Model::managers`].
    pub(crate) manager: Option<usize>,
    /// Of the listener that it stands in, its index in [`Model::listeners`].
    pub(crate) listener: Option<usize>,
    pub(crate) kind: Kind,
}

impl Plugin<'_> {
    /// Whether it is configured to stand in front of collectors.
    pub(crate) fn is_front(&self) -> bool {
        let front = self.config.node.get("configuration.value.front");
        front.is_some()
    }
}

/// The action of a route that leads to one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Route<'a> {
    /// The `RouteAction`.
    pub(crate) action: Part<'a>,
    /// Of the listener that it stands in, its index in [`Model::listeners`].
    pub(crate) listener: Option<usize>,
}

/// Everything of interest in the files.
#[derive(Default)]
pub(crate) struct Model<'a> {
    pub(crate) bootstraps: Vec<Part<'a>>,
    pub(crate) listeners: Vec<Part<'a>>,
    /// HTTP connection managers.
    pub(crate) managers: Vec<Part<'a>>,
    pub(crate) clusters: Vec<Part<'a>>,
    pub(crate) plugins: Vec<Plugin<'a>>,
    /// Uses of the module that are no HTTP filter.
    pub(crate) misplaced: Vec<Part<'a>>,
    pub(crate) routes: Vec<Route<'a>>,
    /// Names of files that Envoy watches.
    pub(crate) watched: Vec<Part<'a>>,
    /// Keys that were given again, by their path.
    pub(crate) twice: Vec<Part<'a>>,
    /// Clusters may come from elsewhere: a control plane, or a file that is not here.
    pub(crate) has_unseen_clusters: bool,
}

impl<'a> Model<'a> {
    pub(crate) fn cluster(&self, name: &str) -> Option<&Part<'a>> {
        self.clusters.iter().find(|cluster| cluster.name() == name)
    }

    /// The routes of a listener.
    pub(crate) fn routes_of(&self, listener: &str) -> impl Iterator<Item = &Route<'a>> {
        let index = self
            .listeners
            .iter()
            .position(|part| part.name() == listener);
        let routes = self.routes.iter();
        routes.filter(move |route| index.is_some() && route.listener == index)
    }

    /// Where calls to a cluster leave Envoy: the clusters that its internal listener leads to, or
    /// itself.
    pub(crate) fn ends<'m>(&'m self, cluster: &'m Part<'a>) -> Vec<&'m Part<'a>> {
        let Some(listener) = internal_listener(cluster.node) else {
            return vec![cluster];
        };
        let mut ends: Vec<&Part<'a>> = Vec::new();
        for route in self.routes_of(listener) {
            let name = route.action.node.text_at("cluster").unwrap_or_default();
            let is_new = !ends.iter().any(|end| end.name() == name);
            ends.extend(self.cluster(name).filter(|_| is_new));
        }
        ends
    }
}

/// A message of the type that `@type` names, or that `type_url` names inside a `TypedStruct`.
pub(crate) fn typed(node: &Node) -> Option<(&str, &Node)> {
    let name = |url: &'_ str| url.rsplit('/').next().map(str::len).unwrap_or_default();
    let written = node.text_at("@type")?;
    let type_name = written.get(written.len() - name(written)..)?;
    if type_name == "xds.type.v3.TypedStruct" || type_name == "udpa.type.v1.TypedStruct" {
        let url = node.text_at("type_url")?;
        return Some((url.get(url.len() - name(url)..)?, node.get("value")?));
    }
    Some((type_name, node))
}

/// The listener of the same Envoy that a cluster leads to.
pub(crate) fn internal_listener(cluster: &Node) -> Option<&str> {
    let groups = cluster.get("load_assignment.endpoints")?.items().iter();
    let mut endpoints = groups.flat_map(|group| {
        group
            .get("lb_endpoints")
            .map(Node::items)
            .unwrap_or_default()
    });
    endpoints.find_map(|found| {
        found.text_at("endpoint.address.envoy_internal_address.server_listener_name")
    })
}

/// The `HttpProtocolOptions` of a cluster.
pub(crate) fn http_options(cluster: &Node) -> Option<&Node> {
    let extensions = cluster.get("typed_extension_protocol_options")?;
    let mut members = extensions.members().iter();
    let found = members.find(|member| member.key.ends_with("HttpProtocolOptions"))?;
    typed(&found.node).map(|(_, body)| body)
}
