//! Where an answer points: the next page of a list, the place of an upload.
//!
//! INVARIANT: a list whose answer points on in a way that is not understood has no end that is known; nothing is passed over.
//! Source: RFC 8288 section 3, `Link`; RFC 3986 section 5.2, relative references.

use ureq::http::{HeaderMap, Uri};

/// The target of the link to the next page, as it is written; `None` where the list ends here.
///
/// # Errors
/// What is not understood of the links.
pub(super) fn next(headers: &HeaderMap) -> Result<Option<String>, String> {
    let mut found: Option<String> = None;
    for field in headers.get_all("Link") {
        let text = field.to_str().map_err(|_| String::from("it is no plain text"))?;
        for link in links(text).ok_or_else(|| format!("{:?}", text.chars().take(200).collect::<String>()))? {
            if !link.is_next {
                continue;
            }
            if link.is_of_another {
                return Err(String::from("it is about something else than the list"));
            }
            if found.as_ref().is_some_and(|known| *known != link.target) {
                return Err(String::from("there are two next pages"));
            }
            found = Some(link.target);
        }
    }
    Ok(found)
}

struct Link {
    target: String,
    is_next: bool,
    /// It says what it is a link of.
    is_of_another: bool,
}

/// The links of a field; `None` where it is not written as links are.
fn links(text: &str) -> Option<Vec<Link>> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        // Of a list, parts may be empty.
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(found);
        }
        let (target, behind) = rest.strip_prefix('<')?.split_once('>')?;
        let mut link = Link { target: target.to_owned(), is_next: false, is_of_another: false };
        let mut related = false;
        rest = trimmed(behind);
        while let Some(behind) = rest.strip_prefix(';') {
            let (name, value, behind) = parameter(trimmed(behind))?;
            rest = trimmed(behind);
            // Of several relations the first counts.
            if name.eq_ignore_ascii_case("rel") && !related {
                related = true;
                link.is_next = value.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case("next"));
            }
            link.is_of_another |= name.eq_ignore_ascii_case("anchor");
        }
        if !(rest.is_empty() || rest.starts_with(',')) {
            return None;
        }
        found.push(link);
    }
}

/// `rel=next` or `title="a \"b\""`: the name, the value, and what stands behind; an empty one has no name.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let (name, behind) = text.split_at(text.find(|c: char| "=;, \t".contains(c)).unwrap_or(text.len()));
    if name.contains(['"', '<', '>']) {
        return None;
    }
    let Some(behind) = trimmed(behind).strip_prefix('=') else { return Some((name, String::new(), behind)) };
    let behind = trimmed(behind);
    if let Some(quoted) = behind.strip_prefix('"') {
        let (mut value, mut signs) = (String::new(), quoted.char_indices());
        while let Some((at, sign)) = signs.next() {
            match sign {
                '"' => return Some((name, value, &quoted[at + 1..])),
                '\\' => value.push(signs.next()?.1),
                other => value.push(other),
            }
        }
        return None;
    }
    let (value, behind) = behind.split_at(behind.find(|c: char| ";, \t".contains(c)).unwrap_or(behind.len()));
    let plain = !value.is_empty() && !value.contains(['"', '<', '>']);
    plain.then(|| (name, value.to_owned(), behind))
}

fn trimmed(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// Where a target leads that was read in the answer to a question.
///
/// - `asked`: the address that was asked.
/// - returns: `None` where it leads nowhere that can be asked.
pub(super) fn resolved(asked: &str, target: &str) -> Option<String> {
    let target = target.split('#').next().unwrap_or_default();
    let (scheme, rest) = asked.split_once("://")?;
    let (authority, place) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let place = place.split('#').next().unwrap_or_default();
    let path = place.split('?').next().unwrap_or_default();
    let has_scheme = target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    let whole = if has_scheme {
        target.to_owned()
    } else if target.starts_with("//") {
        format!("{scheme}:{target}")
    } else if target.starts_with('/') {
        format!("{scheme}://{authority}{}", without_dots(target))
    } else if target.is_empty() {
        format!("{scheme}://{authority}{place}")
    } else if target.starts_with('?') {
        format!("{scheme}://{authority}{path}{target}")
    } else {
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        format!("{scheme}://{authority}{}", without_dots(&format!("{above}/{target}")))
    };
    let address: Uri = whole.parse().ok()?;
    let can_be_asked = matches!(address.scheme_str(), Some("http" | "https")) && address.host().is_some();
    can_be_asked.then_some(whole)
}

/// `/a/c?d` of `/a/b/../c?d`.
fn without_dots(place: &str) -> String {
    let (path, query) = place.split_at(place.find('?').unwrap_or(place.len()));
    let mut kept = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let dots = part == "." || part == "..";
        if part == ".." {
            kept.pop();
        }
        if !dots {
            kept.push(part);
        } else if parts.peek().is_none() {
            kept.push("");
        }
    }
    format!("/{}{query}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{next, resolved};
    use proptest::prelude::*;
    use ureq::http::{HeaderMap, HeaderValue};

    fn of(fields: &[&str]) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append("Link", HeaderValue::from_str(field).expect("a field"));
        }
        next(&headers)
    }

    #[test]
    fn the_next_page_is_found_however_it_is_written() {
        let written = [
            "</n>; rel=\"next\"",
            "</n>; rel=next",
            "</n>;rel=next",
            "</n> ; REL = \"prev Next\"; title=\"a, \\\"b\\\"; rel=prev\"",
            "</first>; rel=first, </n>; title*=UTF-8''a; rel=\"next\"; rel=prev,",
            ", </p>; title=\"rel=\\\"next\\\"\", </n>; rel=next; nothing, </l>; rel=\"last\"",
            "</n>; rel=next, </n>; rel=next",
        ];
        for field in written {
            assert_eq!(of(&[field]), Ok(Some(String::from("/n"))), "{field}");
        }
        assert_eq!(of(&["</p>; rel=prev", "</n>; rel=next"]), Ok(Some(String::from("/n"))));
        for field in ["", "</p>; rel=prev", "</p>", "</p>; rel=prev; rel=next", "</p>; title=\"; rel=next\""] {
            assert_eq!(of(&[field]), Ok(None), "{field}");
        }
        let not_understood = [
            "/n; rel=next",
            "</n; rel=next",
            "</n>; rel=\"next",
            "</n>; rel=ne\"xt\"",
            "</n>; rel=",
            "</n> rel=next",
            "</n>; rel=next </m>; rel=last",
            "</n>; rel=next, </m>; rel=next",
            "</n>; rel=next; anchor=\"/other\"",
            "none",
        ];
        for field in not_understood {
            assert!(of(&[field]).is_err(), "{field}");
        }
    }

    #[test]
    fn a_target_is_seen_from_what_was_asked() {
        let asked = "https://r.example:1/v2/a/tags/list?n=5";
        for (target, right) in [
            ("/v2/x?n=1", "https://r.example:1/v2/x?n=1"),
            ("list?last=1", "https://r.example:1/v2/a/tags/list?last=1"),
            ("?last=1#f", "https://r.example:1/v2/a/tags/list?last=1"),
            ("", asked),
            ("./list?n=../1", "https://r.example:1/v2/a/tags/list?n=../1"),
            ("../../b/.", "https://r.example:1/v2/b/"),
            ("../../../../../b", "https://r.example:1/b"),
            ("//other/x", "https://other/x"),
            ("http://other/x?y", "http://other/x?y"),
        ] {
            assert_eq!(resolved(asked, target).as_deref(), Some(right), "{target}");
        }
        for target in ["ftp://other/x", "http://[", "mailto:a", "a b", "//"] {
            assert_eq!(resolved(asked, target), None, "{target}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_or_refused(text in "[<>;,=\"\\\\ a-c/?#.:]{0,40}") {
            let _ = (of(&[&text]), resolved("https://r.example/v2/", &text));
        }

        /// Other links around it hide no next page.
        #[test]
        fn a_next_page_is_not_lost_among_others(
            before in prop::collection::vec("<[a-z/?=,;]{1,9}>(; ?(rel|title)=(\"[a-m,;<> ]{1,9}\"|[a-m]{1,5})){0,3}", 0..4),
            title in prop::option::of("[a-z,;<>= ]{0,12}"),
        ) {
            let title = title.map(|title| format!("; title=\"{title}\"")).unwrap_or_default();
            let own = format!("</n>{title}; rel=next");
            let all: Vec<&str> = before.iter().map(String::as_str).chain([own.as_str()]).collect();
            prop_assert_eq!(of(&[&all.join(", ")]), Ok(Some(String::from("/n"))));
        }
    }
}
