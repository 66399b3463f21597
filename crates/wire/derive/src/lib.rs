//! The derive behind wire's shapes.
