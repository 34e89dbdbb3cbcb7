//! What an object is called: `Deployment.apps/shop/web`, `Service/shop/web`, `ClusterRole.rbac.authorization.k8s.io/view`.
//!
//! Kind, group, namespace and name, as `kubectl` writes them; the version takes no part, since every version of a group
//! serves the same object. An object that says no namespace stands in `default`, unless its kind stands in none: then the
//! cluster passes over a namespace that it says, and so do we.

use crate::{Malformed, node::Node};

/// The kinds of the cluster's own API that stand in no namespace: `kubectl api-resources --namespaced=false` lists them.
const CLUSTER_WIDE: &[&str] = &[
    "APIService",
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ComponentStatus",
    "CustomResourceDefinition",
    "FlowSchema",
    "GatewayClass",
    "IPAddress",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PodSecurityPolicy",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "SelfSubjectAccessReview",
    "SelfSubjectRulesReview",
    "ServiceCIDR",
    "StorageClass",
    "SubjectAccessReview",
    "TokenReview",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
    "VolumeSnapshotClass",
    "VolumeSnapshotContent",
];

/// Whether a group is one of the cluster's own API.
pub(super) fn is_own(group: &str) -> bool {
    !group.contains('.') || group.ends_with(".k8s.io")
}

pub(super) struct Identity {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    /// Empty where the kind stands in none.
    pub(super) namespace: String,
    /// Its own name; with `*` behind it where the rest is made when it is created.
    pub(super) own: String,
    pub(super) generated: bool,
}

impl Identity {
    /// Of an object of that version and kind.
    pub(super) fn of(api_version: &str, kind: &str, object: &Node<'_>) -> Result<Identity, Malformed> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let metadata = object.need("metadata")?;
        let (own, generated) = match (metadata.text_of("name")?, metadata.text_of("generateName")?) {
            (Some(name), _) => (name.to_string(), false),
            (None, Some(prefix)) => (format!("{prefix}*"), true),
            (None, None) => {
                return Err(Malformed::new(metadata.at, format!("this {kind} has no name"))
                    .help("`metadata.name` says it, or `metadata.generateName`"));
            }
        };
        let said = metadata.text_of("namespace")?.map_or("", |text| text);
        let namespace = match is_own(group) && CLUSTER_WIDE.contains(&kind) {
            true => "",
            // What somebody else defines (`ClusterIssuer`) mostly says by its name that it stands in no namespace.
            false if said.is_empty() && !kind.starts_with("Cluster") => "default",
            false => said,
        };
        for (what, word) in [("kind", kind), ("group", group), ("namespace", namespace), ("name", &*own)] {
            if word.contains('/') || word.contains(char::is_whitespace) {
                return Err(Malformed::new(object.at.clone(), format!("its {what} has a `/` or a space in it")));
            }
        }
        let (group, version) = (group.to_owned(), version.to_owned());
        Ok(Identity { group, version, kind: kind.to_owned(), namespace: namespace.to_owned(), own, generated })
    }

    /// Its kind and its group: `Deployment.apps`, `Service`.
    pub(super) fn kind_of_group(&self) -> String {
        if self.group.is_empty() { self.kind.clone() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// What it is called in a model.
    pub(super) fn name(&self) -> String {
        let kind = self.kind_of_group();
        match &*self.namespace {
            "" => format!("{kind}/{}", self.own),
            namespace => format!("{kind}/{namespace}/{}", self.own),
        }
    }

    /// What the namespace that it stands in is called, which is an object too.
    pub(super) fn space(&self) -> String {
        format!("Namespace/{}", self.namespace)
    }

    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Whether the API says of its data that nobody should read it.
    pub(super) fn is_secret(&self) -> bool {
        self.group.is_empty() && self.kind == "Secret"
    }
}
