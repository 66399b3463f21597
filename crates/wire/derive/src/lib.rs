//! The derive that turns a Rust struct or enum into a Kinesis shape: its static description, its
//! decoder and its encoder, all from one declaration.
//!
//! It is for the crate `wire` alone: the code that it generates says `crate::`. It knows nothing of
//! Kinesis; lengths, ranges and patterns are in the descriptors that the attributes name.
//!
//! On a field: `name = "StreamARN"` where the wire's name is not the field's in Pascal case;
//! `of = named::STREAM_ARN` where the Rust type alone does not say which shape it is; `streamed`
//! for an output's event stream, which is described but neither encoded nor decoded with the rest.
//! A field that is no `Option` is a required member; `required` says so of one that is an `Option`
//! all the same. On a variant: `name = "ON_DEMAND"`.

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
