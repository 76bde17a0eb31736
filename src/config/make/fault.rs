//! Faults, made of what was written.

use super::error::error;
use super::only;
use crate::config::de::At;
use crate::config::fault::Fault;
use crate::config::words::TextOr;
use crate::config::words::answer::FaultMap;
use crate::fault::Fault as Disruption;

pub(super) fn fault(written: &At<TextOr<FaultMap>>) -> Result<Disruption, Fault> {
    let At { place, value } = written;
    let map = match value {
        TextOr::Text(word) => {
            return word
                .parse()
                .map_err(|error: crate::error::Error| Fault::new(error.to_string()).at(*place));
        }
        TextOr::Map(map) => map,
    };
    let FaultMap { error_after, error: what, trailing } = &**map;
    let after = error_after.map(|frames| (frames, ""));
    let text = trailing.as_ref().map(|text| (0, text.as_str()));
    let (key, (frames, text)) =
        only([("error_after", after), ("trailing", text)]).map_err(|fault| fault.at(*place))?;
    match (key, what) {
        ("trailing", None) => Ok(Disruption::trailing(text)),
        ("trailing", Some(error)) => {
            Err(Fault::new("it belongs to `error_after`").at(error.place).under("error"))
        }
        (_, None) => Err(Fault::new("the key `error` is missing").at(*place)),
        (_, Some(what)) => {
            let what = error(what).map_err(|fault| fault.under("error"))?;
            Ok(Disruption::error_after(frames, what))
        }
    }
}
