//! Objects of a cluster: what is read of them, which change applying them is, and what YAML says.

use import::{Expected, Imported, Options, read};
use program::{Change, Fact, Json, Value, Verb};
use proptest::prelude::*;

fn object(name: &str, text: &str) -> Result<Imported, String> {
    read(name, text.as_bytes(), &Options::default()).map_err(|malformed| malformed.to_string())
}

fn config(imported: &Imported) -> Json {
    let found = imported.facts.iter().find(|fact| &*fact.relation == "std.state.config").expect("a configuration");
    match &found.tuple[1] {
        Value::Json(json) => (**json).clone(),
        other => panic!("{other} is no json"),
    }
}

/// What a plain word says, as a value of an object.
fn check(word: &str, expect: &str) {
    let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\nsaid: {word}\n");
    let said = match object("a.yaml", &text) {
        Ok(imported) => match config(&imported) {
            Json::Object(entries) => entries["said"].to_string(),
            other => other.to_string(),
        },
        Err(message) => message.lines().next().unwrap_or_default().to_owned(),
    };
    assert_eq!(said, expect, "{word}");
}

#[test]
fn plain_words_mean_what_kubectl_takes_them_for() {
    for (word, expect) in [
        ("yes", "true"),
        ("off", "false"),
        ("\"yes\"", "\"yes\""),
        ("~", "null"),
        ("", "null"),
        ("0644", "420"),
        ("0o17", "15"),
        ("0x1F", "31"),
        ("-12", "-12"),
        ("1_000", "1000"),
        ("1.50", "1.5"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("9223372036854775808", "9223372036854775808"),
        ("1.2.3", "\"1.2.3\""),
        ("10.0.0.0/8", "\"10.0.0.0/8\""),
        ("2001-01-01", "\"2001-01-01\""),
        ("0888", "888"),
        ("!!str 12", "\"12\""),
        (".inf", "error: this number has no form in JSON"),
        ("!Ref x", "error: the tag `!Ref` means nothing here"),
        ("1e2000", "error: the number has an exponent beyond 1000"),
    ] {
        check(word, expect);
    }
}

#[test]
fn anchors_repeat_and_merge_within_bounds() {
    let text =
        "apiVersion: v1\nkind: A\nmetadata: {name: a}\nbase: &b {p: 1, q: 2}\nover:\n  <<: *b\n  q: 3\nlist: [*b]\n";
    let Json::Object(entries) = config(&object("a.yaml", text).expect("reads")) else { panic!("an object") };
    assert_eq!(entries["over"].to_string(), "{\"p\": 1, \"q\": 3}");
    assert_eq!(entries["list"].to_string(), "[{\"p\": 1, \"q\": 2}]");
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..9 {
        let of = format!("*a{}", n - 1);
        bomb += &format!("a{n}: &a{n} [{}]\n", vec![of; 10].join(", "));
    }
    let message = object("a.yaml", &bomb).expect_err("too much");
    assert!(message.contains("holds more than 5000000 values"), "{message}");
    let deep = format!("apiVersion: v1\nkind: A\nx: {}1{}\n", "[".repeat(250), "]".repeat(250));
    assert!(object("a.yaml", &deep).expect_err("too deep").contains("nests more than 200 deep"));
}

#[test]
fn places_are_those_of_the_objects() {
    let text = "# one\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: b}\n";
    let imported = object("a.yaml", text).expect("reads");
    let mut places: Vec<(String, String)> = (imported.facts.iter())
        .filter(|fact| &*fact.relation == "std.kubernetes.object")
        .map(|fact| (fact.tuple[0].show(), fact.origin.place.to_string()))
        .collect();
    places.sort();
    assert_eq!(places, [("Pod/default/a".into(), "2:1".into()), ("Pod/default/b".into(), "9:3".into())]);
}

#[test]
fn a_secret_shows_nothing_of_its_data() {
    let text = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"data\": {\"k\": \"aHVudGVyMg==\"}}\ndata: {k: aHVudGVyMg==}\nstringData: {p: hunter2}\n";
    let imported = object("a.yaml", text).expect("reads");
    let all: String = imported.facts.iter().map(|fact| format!("{fact}\n")).collect();
    assert!(!all.contains("hunter2") && !all.contains("aHVudGVyMg"), "{all}");
    assert!(all.contains("sensitive("), "{all}");
}

fn change(manifests: &str, model: &[Fact]) -> Change {
    change_where(manifests, model, false)
}

fn change_where(manifests: &str, model: &[Fact], lost: bool) -> Change {
    let options = Options { expected: Expected::Change, ..Options::default() };
    let imported = read("m.yaml", manifests.as_bytes(), &options).expect("reads");
    imported.manifests.expect("manifests").change_over(manifests.as_bytes(), model, lost)
}

#[test]
fn what_is_meant_and_does_not_run_is_created_where_somebody_says_what_runs() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {volumes: [{configMap: {name: x}}]}\n";
    let meant = object("meant.yaml", &pod.replace("name: x", "name: old")).expect("reads").facts;
    let live = object("live.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: b, uid: u1}\n").expect("reads").facts;
    let there = object("live.yaml", &pod.replace("name: a", "name: a, uid: u2")).expect("reads").facts;
    let verbs = |model: &[Fact], lost| -> Vec<Verb> {
        change_where(pod, model, lost).actions.iter().map(|action| action.verb).collect()
    };
    let both: Vec<Fact> = meant.iter().chain(&live).cloned().collect();
    assert_eq!(verbs(&meant, false), [Verb::Update]);
    assert_eq!(verbs(&meant, true), [Verb::Create], "what would say what runs is lost");
    assert_eq!(verbs(&both, false), [Verb::Create]);
    assert_eq!(verbs(&[live.clone(), there].concat(), false), [], "it runs as it is asked for");
    let gone: Vec<String> = change(pod, &both).actions[0].remove.iter().map(ToString::to_string).collect();
    assert_eq!(gone.len(), 1, "what it named before it names no more: {gone:?}");
}

#[test]
fn absence_deletes_nothing_and_the_server_s_own_is_no_difference() {
    let running = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: same, uid: u1, resourceVersion: \"7\"}\n  spec: {a: 1}\n  status: {phase: Running}\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: other, uid: u2}\n  spec: {image: \"x/y:1\"}\n  status: {phase: Running}\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: unmentioned, uid: u3}\n";
    let model = object("live.yaml", running).expect("reads").facts;
    let asked = "apiVersion: v1\nkind: Pod\nmetadata: {name: same}\nspec: {a: 1}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: other}\nspec: {image: \"x/y:2\"}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: new}\n";
    let change = change(asked, &model);
    let told: Vec<(Verb, &str)> = change.actions.iter().map(|action| (action.verb, &*action.resource)).collect();
    assert_eq!(told, [(Verb::Update, "Pod/default/other"), (Verb::Create, "Pod/default/new")]);
    let set: String = change.actions[0].set.iter().map(|fact| format!("{fact}\n")).collect();
    assert!(set.contains("\"phase\": \"Running\"") && set.contains("\"uid\": \"u2\""), "{set}");
    let gone: Vec<String> = change.actions[0].remove.iter().map(ToString::to_string).collect();
    assert_eq!(gone, ["std.kubernetes.mention(\"Pod/default/other\", \"spec.image\", \"x/y:1\")"]);
}

/// The object that the one action of a change leaves.
fn after(change: &Change) -> serde_json::Value {
    let [action] = &change.actions[..] else { panic!("one action: {change:?}") };
    let config = action.set.iter().find(|fact| &*fact.relation == "std.state.config").expect("its whole text");
    serde_json::from_str(&config.tuple[1].show()).expect("JSON")
}

const LIVE: &str = r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "uid": "u1", "annotations": {
    "by": "somebody", "kubectl.kubernetes.io/last-applied-configuration":
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\"},\"spec\":{\"paused\":true,\"template\":{\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"web:1\"},{\"name\":\"old\"}]}}}}"}},
    "spec": {"paused": true, "replicas": 2, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
    "template": {"spec": {"hostNetwork": true,
    "containers": [{"name": "web", "image": "web:1", "imagePullPolicy": "Always", "ports": [{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}]},
    {"name": "evil", "env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "taken"}}}]}, {"name": "old"}],
    "volumes": [{"name": "v", "hostPath": {"path": "/"}}], "tolerations": [{"key": "a"}]}}}, "status": {"replicas": 2}}"#;

fn deployment(spec: &str) -> String {
    format!(r#"{{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {{"name": "web"}}, "spec": {spec}}}"#)
}

/// `kubectl apply` takes away what it applied before and nothing else.
#[test]
fn what_somebody_else_put_into_a_running_object_stays() {
    let model = object("live.json", LIVE).expect("reads").facts;
    let asked = deployment(
        r#"{"replicas": 3, "template": {"spec": {"containers": [{"name": "new"}, {"name": "web", "image": "web:2", "ports": [{"containerPort": 53, "name": "dns"}]}]}}}"#,
    );
    let change = change(&asked, &model);
    let spec = &after(&change)["spec"];
    assert_eq!(spec["replicas"], 3);
    assert_eq!(spec["paused"], serde_json::Value::Null, "it was applied before, and is said no longer");
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["hostNetwork"], true);
    let names: Vec<&str> =
        pod["containers"].as_array().expect("a list").iter().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(names, ["new", "web", "evil"]);
    let web = &pod["containers"][1];
    assert_eq!((&web["image"], &web["imagePullPolicy"]), (&"web:2".into(), &"Always".into()));
    assert_eq!(web["ports"].as_array().expect("a list").len(), 2, "one port of each protocol");
    assert_eq!(web["ports"][0]["name"], "dns");
    let set: String = change.actions[0].set.iter().map(|fact| format!("{fact}\n")).collect();
    assert!(set.contains("\"taken\""), "what stays still names its secret: {set}");
    assert_eq!(after(&change)["metadata"]["annotations"]["by"], "somebody");
}

/// Others than `kubectl` take away what they applied before; who will apply this manifest, nobody knows.
#[test]
fn what_a_manager_set_and_the_manifest_leaves_out_is_not_known_to_stay() {
    let fields = r#"[{"manager": "argocd", "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {"f:data": {}}}, "f:spec": {"f:paused": {},
        "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:env": {"k:{\"name\":\"K\"}": {"f:valueFrom": {}}}}}}}}}},
        {"manager": "kube-controller-manager", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        {"manager": "scaler", "operation": "Update", "subresource": "scale", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]"#;
    let live = |managed: &str| {
        format!(
            r#"{{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {{"name": "web", "uid": "u1", "labels": {{"data": "cards", "by": "hand"}}{managed}}},
            "spec": {{"paused": true, "replicas": 2, "template": {{"spec": {{"containers": [{{"name": "web", "image": "web:1",
            "env": [{{"name": "K", "valueFrom": {{"secretKeyRef": {{"name": "taken"}}}}}}]}}]}}}}}}}}"#
        )
    };
    let asked = deployment(r#"{"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}"#);
    let managed = object("live.json", &live(&format!(", \"managedFields\": {fields}"))).expect("reads").facts;
    let changed = change(&asked, &managed);
    let set: String = changed.actions[0].set.iter().map(|fact| format!("{fact}\n")).collect();
    let unknown = |what: &str| format!("unknown(\"what applying leaves of {what}\")");
    for what in ["metadata.labels.data", "spec.paused", "spec.template.spec.containers.env"] {
        assert!(set.contains(&unknown(what)), "{what}: {set}");
    }
    assert!(set.contains("\"by\": \"hand\"") && set.contains("\"replicas\": 2"), "{set}");
    assert!(set.contains("\"taken\""), "what may stay still names its secret: {set}");

    // Other manifests that say it are as good as a manager.
    let mut both = object("live.json", &live("")).expect("reads").facts;
    assert!(change(&asked, &both).actions.is_empty(), "nobody says who set it");
    both.extend(object("git.json", &deployment(r#"{"paused": true}"#)).expect("reads").facts);
    let set: String = change(&asked, &both).actions[0].set.iter().map(|fact| format!("{fact}\n")).collect();
    assert!(set.contains(&unknown("spec.paused")) && set.contains("\"data\": \"cards\""), "{set}");
}

#[test]
fn what_a_cluster_says_by_default_is_no_difference() {
    let model = object("live.json", LIVE).expect("reads").facts;
    let same = r#"{"paused": true, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}, {"name": "old"}]}}}"#;
    assert!(change(&deployment(same), &model).actions.is_empty());
    // A volume, or a strategy, of another sort is the new one alone; a list without names is replaced.
    let other = r#"{"paused": true, "strategy": {"type": "Recreate"}, "template": {"spec": {"volumes": [{"name": "v", "emptyDir": {}}],
        "tolerations": [{"key": "b"}], "hostNetwork": null, "containers": [{"name": "old"}]}}}"#;
    let spec = &after(&change(&deployment(other), &model))["spec"];
    let pod = &spec["template"]["spec"];
    assert_eq!(spec["strategy"], serde_json::json!({"type": "Recreate"}));
    assert_eq!(pod["volumes"], serde_json::json!([{"name": "v", "emptyDir": {}}]));
    assert_eq!(pod["tolerations"], serde_json::json!([{"key": "b"}]));
    assert_eq!(pod.get("hostNetwork"), None);
    assert_eq!(
        pod["containers"],
        serde_json::json!([{"name": "evil", "env": pod["containers"][0]["env"]}, {"name": "old"}])
    );
}

/// An owner decides when an object is deleted, and whoever applies it may name one.
#[test]
fn a_new_owner_is_a_change() {
    let model = object("live.json", LIVE).expect("reads").facts;
    let asked =
        deployment(r#"{"paused": true, "template": {"spec": {"containers": [{"name": "web"}, {"name": "old"}]}}}"#);
    assert!(
        !change(
            &asked.replace("\"web\"}, \"spec\"", "\"web\", \"ownerReferences\": [{\"uid\": \"x\"}]}, \"spec\""),
            &model
        )
        .actions
        .is_empty()
    );
}

/// A list of a kind that is not the cluster's own is replaced, and what was meant before is replaced by what is meant.
#[test]
fn other_kinds_and_other_manifests_are_replaced() {
    let thing = |uid: &str, list: &str| {
        format!(
            r#"{{"apiVersion": "x.example/v1", "kind": "Thing", "metadata": {{"name": "a"{uid}}}, "spec": {{"containers": {list}, "k": 1}}}}"#
        )
    };
    let live = object("live.json", &thing(", \"uid\": \"u\"", r#"[{"name": "evil"}]"#)).expect("reads").facts;
    let asked = thing("", r#"[{"name": "a"}]"#);
    assert_eq!(after(&change(&asked, &live))["spec"]["containers"], serde_json::json!([{"name": "a"}]));
    let meant = object("meant.json", &deployment(r#"{"replicas": 1, "paused": true}"#)).expect("reads").facts;
    assert_eq!(after(&change(&deployment(r#"{"replicas": 2}"#), &meant))["spec"], serde_json::json!({"replicas": 2}));
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[ -~äß\\n\\t]{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::Array),
            prop::collection::btree_map("[a-z/~.]{1,6}", inner, 0..5)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    /// JSON is YAML: the two readers say the same.
    #[test]
    fn an_object_in_json_reads_as_it_does_in_yaml(spec in json(), pretty in any::<bool>()) {
        let object_of = serde_json::json!({"apiVersion": "x/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec});
        let text = if pretty { serde_json::to_string_pretty(&object_of) } else { serde_json::to_string(&object_of) };
        let text = text.expect("JSON");
        let as_json = object("a.json", &text).expect("JSON reads");
        let as_yaml = object("a.yaml", &format!("# YAML\n{text}\n")).expect("YAML reads");
        prop_assert_eq!(config(&as_json), config(&as_yaml));
    }

    /// Applied twice is applied once; and all of what runs, asked for again, is no change.
    #[test]
    fn applying_again_changes_nothing(live in json(), asked in json(), core in any::<bool>()) {
        let version = if core { "v1" } else { "x.example/v1" };
        let of = |spec: &serde_json::Value| serde_json::json!({"apiVersion": version, "kind": "Thing", "metadata": {"name": "a"}, "spec": spec}).to_string();
        let runs = of(&live).replace("\"name\":\"a\"", "\"name\":\"a\",\"uid\":\"u\"");
        let model = object("live.json", &runs).expect("reads").facts;
        let first = change(&of(&asked), &model);
        if let [action] = &first.actions[..] {
            let again = change(&of(&asked), &action.set);
            prop_assert!(again.actions.is_empty(), "{:?}", again);
        }
    }

    /// Whatever the text, the reader ends with facts or with a message.
    #[test]
    fn any_text_ends(text in "[a-c:\\-\\[\\]{},&*!|>'\"#% \\n\\t?@~<]{0,80}") {
        let _ = object("a.yaml", &text);
    }
}

#[test]
fn a_namespace_is_passed_over_where_the_kind_stands_in_none() {
    let named = |group: &str, kind: &str| {
        let text = format!("apiVersion: {group}\nkind: {kind}\nmetadata: {{name: cr, namespace: shop}}\n");
        let change = change(&text, &[]);
        change.actions[0].resource.to_string()
    };
    assert_eq!(named("rbac.authorization.k8s.io/v1", "ClusterRole"), "ClusterRole.rbac.authorization.k8s.io/cr");
    assert_eq!(named("v1", "Namespace"), "Namespace/cr");
    // Somebody else's kind of the same name, or of one that begins so, may stand in one.
    assert_eq!(named("longhorn.io/v1beta2", "Node"), "Node.longhorn.io/shop/cr");
    assert_eq!(named("postgresql.cnpg.io/v1", "Cluster"), "Cluster.postgresql.cnpg.io/shop/cr");
}

#[test]
fn what_says_what_to_do_with_what_is_there_is_no_object() {
    let of = |group: &str, rest: &str| {
        object("a.yaml", &format!("apiVersion: {group}\nkind: Deployment\nmetadata: {{name: web}}\n{rest}\n")).err()
    };
    for (rest, place) in [
        ("$patch: delete", "4:"),
        ("spec: {template: {spec: {containers: [{name: side, $patch: delete}]}}}", "4:"),
        ("spec:\n  template: {spec: {$retainKeys: [containers]}}", "5:"),
        ("spec:\n  $deleteFromPrimitiveList/finalizers: [a]", "5:"),
    ] {
        let said = of("apps/v1", rest).unwrap_or_default();
        assert!(said.contains("patch of an object") && said.contains(&format!("a.yaml:{place}")), "{said}");
    }
    // A policy of somebody else's may hold patches as its data.
    assert_eq!(of("kyverno.io/v1", "spec: {rules: [{mutate: {$patch: delete}}]}"), None);
}

#[test]
fn a_list_says_that_it_was_cut() {
    let around = |name: &str, text: &str| -> Vec<String> {
        let imported = object(name, text).expect("it reads");
        let said = imported.facts.iter().filter(|fact| &*fact.relation == "std.record.around");
        said.map(|fact| format!("{} {}", fact, fact.origin.place)).collect()
    };
    let json = r#"{"apiVersion": "v1", "kind": "PodList", "metadata": {"continue": "c", "resourceVersion": ""},
        "items": [{"metadata": {"name": "a", "namespace": "b"}}]}"#;
    assert_eq!(around("a.json", json), [r#"std.record.around("a.json", "a.json", "metadata/continue", "c") "#]);
    let yaml = "apiVersion: v1\nkind: List\nmetadata: {continue: c}\nitems: []\n---\n\
        apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";
    assert_eq!(around("a.yaml", yaml), [r#"std.record.around("a.yaml", "a.yaml", "metadata/continue", "c") 1:1"#]);
    assert!(around("a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n").is_empty());
}
