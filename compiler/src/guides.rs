//! The pages for people who come from another language, as `writ explain from-rego` prints them.

/// Each by its name.
pub const GUIDES: [(&str, &str); 4] = [
    ("from-rego", include_str!("../../docs/guide/from-rego.md")),
    ("from-cedar", include_str!("../../docs/guide/from-cedar.md")),
    ("from-sql", include_str!("../../docs/guide/from-sql.md")),
    ("from-sentinel", include_str!("../../docs/guide/from-sentinel.md")),
];

/// The page of that name: `from-rego`, `rego`.
pub fn guide(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    GUIDES.iter().find(|(page, _)| *page == name || page.strip_prefix("from-") == Some(&name)).map(|(_, text)| *text)
}
