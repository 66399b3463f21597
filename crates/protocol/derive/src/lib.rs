//! The derive macro that turns a Rust struct or enum into a Kinesis shape: its static description,
//! its decoder and its encoder, all from one declaration.
//!
//! It is for the crate `protocol` alone: generated code refers to `crate::`. It knows nothing of
//! Kinesis; lengths, ranges and patterns are in the descriptors that the attributes name.
//!
//! Attributes of fields: `name = "StreamARN"` if the wire name is not the field name in Pascal
//! case; `of = named::STREAM_ARN` if the Rust type alone does not determine the shape; `streamed`
//! for an output's event stream, which is described but not part of the body. A field that is not
//! an `Option` is a required member; `required` marks an `Option` that is required all the same.
//! Attribute of variants: `name = "ON_DEMAND"`.

mod attribute;
mod enumeration;
mod structure;

use proc_macro::TokenStream;
use syn::{Data, DeriveInput, parse_macro_input};

/// Describes, decodes and encodes a structure or an enumeration of the service model.
#[proc_macro_derive(Shape, attributes(shape))]
pub fn derive_shape(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let expanded = match &input.data {
        Data::Struct(data) => structure::expand(&input, &data.fields),
        Data::Enum(data) => enumeration::expand(&input, data),
        Data::Union(_) => Err(syn::Error::new_spanned(&input.ident, "a shape is no union")),
    };
    expanded
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
