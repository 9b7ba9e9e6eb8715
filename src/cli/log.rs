//! The log on standard error, in the style of the command's own messages: what the library warns of and what
//! `LOCKSTEP_LOG` asks for.

use std::fmt;
use std::io;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::colour::{self, Prefix};
use super::stderr;

/// Starts to listen.
pub(crate) fn listen() {
    let filter = std::env::var("LOCKSTEP_LOG")
        .ok()
        .filter(|filter| !filter.is_empty())
        .and_then(|filter| {
            let parsed = EnvFilter::try_new(&filter);
            if let Err(error) = &parsed {
                stderr::warn(format_args!(
                    "LOCKSTEP_LOG={filter:?} is no log filter: {error}"
                ));
            }
            parsed.ok()
        })
        .unwrap_or_else(|| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colour::of_standard_error())
        .log_internal_errors(false)
        .event_format(Style)
        .init();
}

/// `warning: ` and the like before each line.
struct Style;

impl<S, N> FormatEvent<S, N> for Style
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let prefix = match *event.metadata().level() {
            Level::ERROR => Prefix::Error,
            Level::WARN => Prefix::Warning,
            Level::INFO => Prefix::Log("info"),
            Level::DEBUG => Prefix::Log("debug"),
            Level::TRACE => Prefix::Log("trace"),
        };
        let colour = writer.has_ansi_escapes();
        write!(writer, "{} ", prefix.text(colour))?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
