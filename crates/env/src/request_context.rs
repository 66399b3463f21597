//! The request that a thread is working for, so that its log lines can name it.
//!
//! This is deliberately not a span of a tracing library: a span would be created, formatted and
//! dropped for every request, and is useful only to the few that fail. A request here costs two
//! moves of a small value per poll of its future; the span is created when a line is logged (ADR
//! 0028). What always holds: outside of a [`Scoped`] future, and of what [`crate::Tasks`] runs for
//! one, there is no current request.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What a log line says about its request.
#[derive(Clone)]
pub struct RequestContext {
    id: RequestIdText,
    operation: Option<&'static str>,
    resource: Option<Resource>,
}

/// A request id as responses carry it: a UUID's text.
pub type RequestIdText = [u8; 36];

/// What a request is about, formatted only when a line names it.
pub type Resource = Arc<dyn fmt::Display + Send + Sync>;

thread_local! {
    static CURRENT: RefCell<Option<RequestContext>> = const { RefCell::new(None) };
}

impl RequestContext {
    /// A context that has only a request id so far.
    pub fn new(id: RequestIdText) -> Self {
        Self {
            id,
            operation: None,
            resource: None,
        }
    }

    /// The request that this thread is working for, if any.
    pub fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Records the current request's operation. Does nothing outside a request.
    pub fn note_operation(operation: &'static str) {
        Self::note(|request| request.operation = Some(operation));
    }

    /// Records the current request's resource. Does nothing outside a request.
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

    /// The request's operation, once known.
    pub fn operation(&self) -> Option<&'static str> {
        self.operation
    }

    /// The request's resource, once known.
    pub fn resource(&self) -> Option<&(dyn fmt::Display + Send + Sync)> {
        self.resource.as_deref()
    }

    /// Wraps a future to be polled and dropped in this request's context.
    pub fn scope<F>(self, future: F) -> Scoped<F> {
        Scoped {
            request: Some(self),
            future: Some(future),
        }
    }

    /// Runs a closure in this request's context.
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
    /// A future that is polled and dropped in a request's context.
    pub struct Scoped<F> {
        // Held here between polls, and by the thread during one.
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

/// A guard that swaps the request into the thread-local. Meanwhile it holds the previous one.
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
    // During thread exit the thread-local is gone, and no lines need it.
    let _ = CURRENT.try_with(|current| std::mem::swap(&mut *current.borrow_mut(), request));
}

#[cfg(test)]
mod tests;
