//! Errors, made of what was written.

use http::StatusCode;

use super::{status, time};
use crate::config::de::At;
use crate::config::fault::Fault;
use crate::config::words::TextOr;
use crate::config::words::answer::{ErrorMap, LimitMap, MetricName};
use crate::reply::{ApiError, ErrorKind, Metric, RateLimit};

pub(super) fn error(written: &At<TextOr<ErrorMap>>) -> Result<ApiError, Fault> {
    let At { place, value } = written;
    match value {
        TextOr::Text(word) => {
            let word = At { place: *place, value: word.clone() };
            match word.value.parse::<u16>() {
                Ok(number) => of_status(status(&At { place: *place, value: number })?, *place),
                Err(_) => kind(&word).map(ApiError::new),
            }
        }
        TextOr::Map(map) => of_map(map).map_err(|fault| fault.at(*place)),
    }
}

fn of_map(map: &ErrorMap) -> Result<ApiError, Fault> {
    let ErrorMap { kind: word, status: number, message, code, param, retry_after, limit } = map;
    let by_hand = match number {
        None => None,
        Some(number) => Some(status(number).map_err(|fault| fault.under("status"))?),
    };
    let mut error = match (word, by_hand, number) {
        (Some(word), by_hand, _) => {
            let error = ApiError::new(kind(word).map_err(|fault| fault.under("kind"))?);
            by_hand.map_or(error.clone(), |status| error.status(status))
        }
        (None, Some(status), Some(number)) => {
            of_status(status, number.place).map_err(|fault| fault.under("status"))?
        }
        _ => return Err(Fault::new("one of these must be said: `kind`, `status`")),
    };
    if let Some(message) = message {
        error = error.message(message.clone());
    }
    if let Some(code) = code {
        error = error.code(code.clone());
    }
    if let Some(param) = param {
        error = error.param(param.clone());
    }
    if let Some(wait) = retry_after {
        error = error.retry_after(time(wait).map_err(|fault| fault.under("retry_after"))?);
    }
    Ok(match limit {
        Some(limit) => error.of(rate_limit(limit)),
        None => error,
    })
}

fn kind(At { place, value: word }: &At<String>) -> Result<ErrorKind, Fault> {
    ErrorKind::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(|| {
        let known: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.word()).collect();
        Fault::unknown("kind of error", word, &known).at(*place)
    })
}

/// The error that a status most often stands for, with that status at every vendor.
fn of_status(status: StatusCode, place: crate::config::node::Place) -> Result<ApiError, Fault> {
    let kind = match status.as_u16() {
        401 => ErrorKind::Authentication,
        402 => ErrorKind::Billing,
        403 => ErrorKind::Permission,
        404 => ErrorKind::ModelNotFound,
        408 => ErrorKind::RequestTimeout,
        409 => ErrorKind::Conflict,
        413 => ErrorKind::TooLarge,
        422 => ErrorKind::Unprocessable,
        429 => ErrorKind::RateLimit,
        499 => ErrorKind::Cancelled,
        502 => ErrorKind::BadGateway,
        503 | 529 => ErrorKind::Overloaded,
        504 => ErrorKind::Timeout,
        400..=498 => ErrorKind::InvalidRequest,
        500..=599 => ErrorKind::Server,
        number => {
            let fault = Fault::new(format!(
                "{number} is no status of an error; say a response with it by `raw`"
            ));
            return Err(fault.at(place));
        }
    };
    Ok(ApiError::new(kind).status(status))
}

fn rate_limit(written: &LimitMap) -> RateLimit {
    let LimitMap { metric, limit, used, requested } = *written;
    let mut made = RateLimit::new(
        match metric {
            MetricName::Concurrent => Metric::Concurrent,
            MetricName::RequestsPerDay => Metric::RequestsPerDay,
            MetricName::RequestsPerMinute => Metric::RequestsPerMinute,
            MetricName::TokensPerDay => Metric::TokensPerDay,
            MetricName::TokensPerMinute => Metric::TokensPerMinute,
        },
        limit,
    );
    if let Some(used) = used {
        made = made.used(used);
    }
    match requested {
        Some(requested) => made.requested(requested),
        None => made,
    }
}
