//! Expands an enum without fields: a string shape with a set of values, in declaration order.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DataEnum, DeriveInput, Error, Fields, Ident, Result};

use crate::attribute::ShapeAttribute;

/// Generates the description, the decoder, the encoder, `as_str`, `parse` and `Display`.
pub(crate) fn expand(input: &DeriveInput, data: &DataEnum) -> Result<TokenStream> {
    let (variants, values) = variants(data)?;
    let accessors = accessors(&input.ident, &variants, &values);
    let codec = codec(&input.ident, &values);
    Ok(quote! { #accessors #codec })
}

fn variants(data: &DataEnum) -> Result<(Vec<&Ident>, Vec<String>)> {
    let mut variants = Vec::new();
    let mut values = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(
                variant,
                "a value of an enumeration has no fields",
            ));
        }
        let attribute = ShapeAttribute::parse(&variant.attrs)?;
        values.push(attribute.name.unwrap_or_else(|| variant.ident.to_string()));
        variants.push(&variant.ident);
    }
    Ok((variants, values))
}

fn accessors(ident: &Ident, variants: &[&Ident], values: &[String]) -> TokenStream {
    quote! {
        impl #ident {
            /// Every value, in the order of AWS's messages.
            pub const ALL: &'static [Self] = &[#(Self::#variants),*];

            /// Returns the value as it is on the wire.
            pub fn as_str(self) -> &'static str {
                match self { #(Self::#variants => #values,)* }
            }

            /// Parses a value as it is on the wire.
            pub fn parse(text: &str) -> Option<Self> {
                match text { #(#values => Some(Self::#variants),)* _ => None }
            }
        }

        impl ::core::fmt::Display for #ident {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    }
}

fn codec(ident: &Ident, values: &[String]) -> TokenStream {
    let name = ident.to_string();
    quote! {
        impl crate::shape::Described for #ident {
            const SHAPE: &'static crate::shape::Type =
                &crate::shape::Type::enumeration(#name, &[#(#values),*]);
        }

        impl crate::decode::Decode for #ident {
            fn decode<'de, Reader: crate::reader::Reader<'de>>(
                reader: &mut Reader,
                _: &'static crate::shape::Type,
            ) -> Result<Self, crate::reader::Fault> {
                Self::parse(&reader.text()?).ok_or(crate::reader::Fault::UnknownValue)
            }
        }

        impl crate::encode::Encode for #ident {
            fn encode<Writer: crate::writer::Writer>(&self, writer: &mut Writer) {
                writer.text(self.as_str());
            }
        }
    }
}
