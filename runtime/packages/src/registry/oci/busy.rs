//! Who is asked and has no time: how long they are left alone, and what a person is told then.
//!
//! A date in `Retry-After` means something only to who has a clock: it counts as no word on how long.
//!
//! INVARIANT: nobody waits longer than for a registry that says nothing, nor asks more often than [`TIMES`].
//! Source: RFC 9110 section 10.2.3, `Retry-After`; RFC 6585 section 4.

use crate::Failure;
use std::thread;
use std::time::Duration;
use ureq::http::{HeaderMap, Response, StatusCode};
use ureq::{Body, Error};

/// How often who is busy is asked.
const TIMES: usize = 4;
/// How long they are left alone who do not say how long; twice as long each further time.
const PAUSE: Duration = Duration::from_secs(1);

/// Asks, and asks again where who is asked is busy.
///
/// - `longest`: who wants to be left alone for longer is asked once.
/// - `ask`: what may be asked again.
/// - returns: the last answer.
pub(super) fn patiently(
    longest: Duration,
    mut ask: impl FnMut() -> Result<Response<Body>, Error>,
) -> Result<Response<Body>, Error> {
    let mut pause = PAUSE.min(longest / 8);
    for _ in 1..TIMES {
        let answer = ask()?;
        let wait = wanted(answer.headers()).map_or(pause, Duration::from_secs);
        if !is_busy(answer.status()) || wait > longest {
            return Ok(answer);
        }
        thread::sleep(wait);
        pause *= 2;
    }
    ask()
}

pub(super) fn is_busy(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

/// For how many seconds somebody wants to be left alone; `None` where that is not said in seconds.
fn wanted(headers: &HeaderMap) -> Option<u64> {
    let said = headers.get("Retry-After")?.to_str().ok()?.trim();
    let is_number = !said.is_empty() && said.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| said.parse().unwrap_or(u64::MAX))
}

/// What a person is told.
///
/// - `who`: as it is shown; `host`: as docker knows it; `said`: some words of the answer.
pub(super) fn told(who: &str, host: &str, url: &str, status: StatusCode, headers: &HeaderMap, said: &str) -> Failure {
    let wait = match wanted(headers) {
        Some(seconds) => format!(" and says to wait for {seconds} seconds"),
        None => String::new(),
    };
    let said = if said.is_empty() { String::new() } else { format!("\n  it says: {said}") };
    let help = match status {
        StatusCode::TOO_MANY_REQUESTS => {
            format!("try again later; many let those ask more often whom they know: `docker login {host}`")
        }
        _ => String::from("try again later"),
    };
    Failure::Fault(format!("{who} is busy: it answers {} to {url}{wait}{said}\n  help: {help}", status.as_u16()))
}

#[cfg(test)]
mod tests {
    use super::wanted;
    use ureq::http::{HeaderMap, HeaderValue};

    #[test]
    fn a_wait_is_a_number_of_seconds() {
        for (said, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Fri, 31 Dec 1999 23:59:59 GMT", None),
            ("-1", None),
            ("1.5", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(
                "retry-after".parse().expect("a name"),
                HeaderValue::from_str(said).expect("a value"),
            )]);
            assert_eq!(wanted(&headers), seconds, "{said:?}");
        }
        assert_eq!(wanted(&HeaderMap::new()), None);
    }
}
