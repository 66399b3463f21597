//! The span that names a request in its log lines: created when a line is written, and only then.
//!
//! A span for every request would be created, formatted and dropped for each of them, which takes
//! 7 800 instructions (measured 2026-11; a put takes 61 000). So `env` only remembers which request
//! a thread works for, and this layer opens the span around a line just before the layers below
//! write it. It has to be the outermost of the layers that write, and below those that may still
//! reject a line.

use millstream_env::RequestContext;
use std::cell::RefCell;
use std::sync::OnceLock;
use tracing::dispatcher::WeakDispatch;
use tracing::field::{FieldSet, Value, display};
use tracing::metadata::Kind;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Callsite, Dispatch, Event, Level, Metadata, Subscriber, callsite::Identifier};
use tracing_subscriber::layer::{Context, Layer};

/// The fields of a request, as far as they are known.
const FIELDS: [&str; 3] = ["request_id", "operation", "resource"];

static METADATA: Metadata<'static> = Metadata::new(
    "request",
    module_path!(),
    Level::ERROR,
    Some(file!()),
    Some(line!()),
    Some(module_path!()),
    FieldSet::new(&FIELDS, Identifier(&RequestCallsite)),
    Kind::SPAN,
);

/// The only call site of such spans; always enabled.
struct RequestCallsite;

impl Callsite for RequestCallsite {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &METADATA
    }
}

thread_local! {
    /// The span around the line that this thread is writing.
    static OPEN: RefCell<Option<Id>> = const { RefCell::new(None) };
}

/// Opens a request's span around each of its lines.
#[derive(Debug, Default)]
pub struct RequestSpan {
    /// The subscriber that this is a layer of.
    dispatch: OnceLock<WeakDispatch>,
}

impl RequestSpan {
    fn dispatch(&self) -> Option<Dispatch> {
        self.dispatch.get()?.upgrade()
    }

    fn open(&self, request: &RequestContext) -> Option<Id> {
        let dispatch = self.dispatch()?;
        let fields = METADATA.fields();
        let [id_field, operation_field, resource_field] =
            FIELDS.map(|name| fields.field(name).expect("it has all of them"));
        let id = request.id();
        let operation = request.operation();
        let resource = request.resource().map(display);
        let values: [(_, Option<&dyn Value>); FIELDS.len()] = [
            (&id_field, Some(&id)),
            (&operation_field, operation.as_ref().map(|value| value as _)),
            (&resource_field, resource.as_ref().map(|value| value as _)),
        ];
        let values = fields.value_set(&values);
        let span = dispatch.new_span(&Attributes::new_root(&METADATA, &values));
        dispatch.enter(&span);
        Some(span)
    }
}

impl<S: Subscriber> Layer<S> for RequestSpan {
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        // The first dispatcher is that of the process.
        self.dispatch.get_or_init(|| dispatch.downgrade());
    }

    fn event_enabled(&self, _: &Event<'_>, _: Context<'_, S>) -> bool {
        if let Some(request) = RequestContext::current() {
            OPEN.set(self.open(&request));
        }
        true
    }

    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        if let (Some(span), Some(dispatch)) = (OPEN.take(), self.dispatch()) {
            dispatch.exit(&span);
            dispatch.try_close(span);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::layer::SubscriberExt;

    const ID: &str = "01234567-89ab-4def-8123-456789abcdef";

    /// What was written.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Written {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    impl Written {
        fn lines(&self) -> Vec<String> {
            let written = self.0.lock().unwrap();
            let written = String::from_utf8(written.clone()).unwrap();
            written.lines().map(str::to_owned).collect()
        }
    }

    fn for_request(work: impl FnOnce()) {
        let request = RequestContext::new(ID.as_bytes().try_into().unwrap());
        request.run(work);
    }

    #[test]
    fn line_when_written_for_a_request_then_names_it_and_no_other_line_does() {
        let written = Written::default();
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(written.clone());
        let subscriber = tracing_subscriber::registry()
            .with(lines)
            .with(RequestSpan::default());
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!("before");
            for_request(|| {
                tracing::error!("at first");
                RequestContext::note_operation("PutRecord");
                RequestContext::note_resource(&Arc::new("orders"));
                tracing::error!("in the end");
            });
            tracing::error!("afterwards");
        });
        let lines = written.lines();
        let named: Vec<bool> = lines.iter().map(|line| line.contains(ID)).collect();
        assert_eq!(named, [false, true, true, false], "{lines:#?}");
        let at_first = format!("request{{request_id=\"{ID}\"}}: ");
        assert!(lines[1].contains(&at_first), "{}", lines[1]);
        let in_the_end =
            format!("request{{request_id=\"{ID}\" operation=\"PutRecord\" resource=orders}}: ");
        assert!(lines[2].contains(&in_the_end), "{}", lines[2]);
    }

    #[test]
    fn line_when_written_in_json_then_names_its_request_once() {
        let written = Written::default();
        let lines = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_writer(written.clone());
        let subscriber = tracing_subscriber::registry()
            .with(lines)
            .with(RequestSpan::default());
        tracing::subscriber::with_default(subscriber, || {
            for_request(|| tracing::error!("failed"));
        });
        let lines = written.lines();
        let named = format!("\"span\":{{\"request_id\":\"{ID}\",\"name\":\"request\"}}");
        assert_eq!(lines[0].matches(ID).count(), 1, "{}", lines[0]);
        assert!(lines[0].contains(&named), "{}", lines[0]);
    }
}
