//! The request that a thread works for at the moment, so that whatever it logs can name it.
//!
//! It is deliberately no span of a tracing library: a span is made, formatted and dropped for every
//! request, and is of use to the few that fail. Here a request costs two moves of a small value
//! each time that its future is polled; whoever writes a line makes the span then (ADR 0028). What
//! always holds: outside of a [`Scoped`] future, and of what [`crate::Tasks`] runs for one, there
//! is none.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What a line of the log says of the request that it was written for.
#[derive(Clone)]
pub struct RequestContext {
    id: RequestIdText,
    operation: Option<&'static str>,
    resource: Option<Resource>,
}

/// A request id as its answer has it: a UUID's text.
pub type RequestIdText = [u8; 36];

/// What a request is about, written out only where a line names it.
pub type Resource = Arc<dyn fmt::Display + Send + Sync>;

thread_local! {
    static CURRENT: RefCell<Option<RequestContext>> = const { RefCell::new(None) };
}

impl RequestContext {
    /// A request of which nothing is known but its id.
    pub fn new(id: RequestIdText) -> Self {
        Self {
            id,
            operation: None,
            resource: None,
        }
    }

    /// The request that this thread works for, if it works for one.
    pub fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Notes what the current request asks for. Without a request, nothing.
    pub fn note_operation(operation: &'static str) {
        Self::note(|request| request.operation = Some(operation));
    }

    /// Notes what the current request is about. Without a request, nothing.
    pub fn note_resource<R: fmt::Display + Send + Sync + 'static>(resource: &Arc<R>) {
        Self::note(|request| request.resource = Some(Arc::clone(resource) as Resource));
    }

    fn note(note: impl FnOnce(&mut Self)) {
        CURRENT.with_borrow_mut(|current| current.as_mut().map(note));
    }

    /// The request's id.
    pub fn id(&self) -> &str {
        std::str::from_utf8(&self.id).expect("a UUID is ASCII")
    }

    /// The operation that it asks for, once that is known.
    pub fn operation(&self) -> Option<&'static str> {
        self.operation
    }

    /// What it is about, once that is known.
    pub fn resource(&self) -> Option<&(dyn fmt::Display + Send + Sync)> {
        self.resource.as_deref()
    }

    /// A future that is polled and dropped for this request.
    pub fn scope<F>(self, future: F) -> Scoped<F> {
        Scoped {
            request: Some(self),
            future: Some(future),
        }
    }

    /// Runs work for this request.
    pub fn run<T>(self, work: impl FnOnce() -> T) -> T {
        let mut request = Some(self);
        let _entered = Entered::enter(&mut request);
        work()
    }
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestContext({})", self.id())
    }
}

pin_project_lite::pin_project! {
    /// A future that is polled and dropped for a request.
    pub struct Scoped<F> {
        // Here between two polls, and with the thread meanwhile.
        request: Option<RequestContext>,
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Scoped<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = Entered::enter(this.request);
            this.future.set(None);
        }
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = Entered::enter(this.request);
        let future = this.future.as_pin_mut();
        future.expect("it is there until the drop").poll(cx)
    }
}

/// While it lives, the thread works for the request, and what it worked for before waits in its
/// place.
struct Entered<'a>(&'a mut Option<RequestContext>);

impl<'a> Entered<'a> {
    fn enter(request: &'a mut Option<RequestContext>) -> Self {
        swap(request);
        Self(request)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        swap(self.0);
    }
}

fn swap(request: &mut Option<RequestContext>) {
    // While a thread ends there is none any more, and nothing to be written for it.
    let _ = CURRENT.try_with(|current| std::mem::swap(&mut *current.borrow_mut(), request));
}

#[cfg(test)]
mod tests;
