//! Expands a struct with named fields: a structure shape.
//!
//! A type parameter is a record sink. The decoder is then generated twice, for any sink and for the
//! parameter's default, which is an ordinary list; the encoder only for the default.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{DeriveInput, Error, Field, Fields, GenericArgument, Ident, PathArguments, Result, Type};

use crate::attribute::ShapeAttribute;

/// A member, in the form that the generated code needs.
struct Member<'a> {
    field: &'a Ident,
    /// The decoder's variable, prefixed to avoid clashes with the decoder's own.
    slot: Ident,
    name: String,
    shape: TokenStream,
    value: &'a Type,
    /// Whether the field is not an `Option`.
    present: bool,
    /// Whether the service model requires it.
    required: bool,
    streamed: bool,
    sink: bool,
}

/// Generates the description, the decoder, the encoder, and the access to text members.
pub(crate) fn expand(input: &DeriveInput, fields: &Fields) -> Result<TokenStream> {
    let parameter = input
        .generics
        .type_params()
        .next()
        .map(|parameter| &parameter.ident);
    let members = fields
        .iter()
        .map(|field| Member::parse(field, parameter))
        .collect::<Result<Vec<_>>>()?;
    let description = description(&input.ident, parameter, &members);
    let decoders = decoders(&input.ident, parameter, &members);
    let encoder = encoder(&input.ident, &members);
    let texts = texts(&input.ident, parameter, &members);
    Ok(quote! { #description #decoders #encoder #texts })
}

impl<'a> Member<'a> {
    fn parse(field: &'a Field, parameter: Option<&Ident>) -> Result<Self> {
        let attribute = ShapeAttribute::parse(&field.attrs)?;
        let ident = field
            .ident
            .as_ref()
            .ok_or_else(|| Error::new_spanned(field, "a structure's fields have names"))?;
        let optional = inner_of_option(&field.ty);
        let value = optional.unwrap_or(&field.ty);
        let shape = match attribute.of {
            Some(path) => quote! { #path },
            None => quote! { <#value as crate::shape::Described>::SHAPE },
        };
        Ok(Self {
            field: ident,
            slot: format_ident!("slot_{}", ident),
            name: attribute
                .name
                .unwrap_or_else(|| pascal_case(&ident.to_string())),
            shape,
            value,
            present: optional.is_none(),
            required: optional.is_none() || attribute.required,
            streamed: attribute.streamed,
            sink: parameter.is_some_and(|parameter| is_ident(value, parameter)),
        })
    }
}

fn description(ident: &Ident, parameter: Option<&Ident>, members: &[Member<'_>]) -> TokenStream {
    let name = ident.to_string();
    let members = members.iter().map(
        |Member {
             name,
             shape,
             required,
             ..
         }| {
            let constructor = if *required {
                quote!(required)
            } else {
                quote!(optional)
            };
            quote! { crate::shape::Member::#constructor(#name, #shape) }
        },
    );
    quote! {
        impl<#parameter> crate::shape::Described for #ident<#parameter> {
            const SHAPE: &'static crate::shape::Type =
                &crate::shape::Type::structure(#name, &[#(#members),*]);
        }
    }
}

fn decoders(ident: &Ident, parameter: Option<&Ident>, members: &[Member<'_>]) -> TokenStream {
    let Some(parameter) = parameter else {
        return decoder(&quote!(impl), &quote!(#ident), members, &quote!(member));
    };
    let generic = decoder(
        &quote!(impl<#parameter: crate::record_sink::RecordSink>),
        &quote!(#ident<#parameter>),
        members,
        &quote!(records),
    );
    let default = decoder(&quote!(impl), &quote!(#ident), members, &quote!(member));
    quote! { #generic #default }
}

/// The decoder: one optional slot per member, filled in any order.
fn decoder(
    head: &TokenStream,
    target: &TokenStream,
    members: &[Member<'_>],
    sink_function: &TokenStream,
) -> TokenStream {
    let decoded = || members.iter().filter(|member| !member.streamed);
    let slots = decoded().map(|Member { slot, .. }| quote! { let mut #slot = None; });
    let arms = decoded().map(|member| {
        let Member {
            slot,
            name,
            shape,
            sink,
            ..
        } = member;
        let function = if *sink {
            sink_function.clone()
        } else {
            quote!(member)
        };
        quote! { #name => crate::decode::#function(reader, #shape, &mut #slot)?, }
    });
    let values = members.iter().map(|member| {
        let Member {
            field, slot, value, ..
        } = member;
        match (member.streamed, member.present) {
            (true, _) => quote! { #field: <#value>::default() },
            (false, true) => quote! { #field: crate::decode::required(#slot)? },
            (false, false) => quote! { #field: #slot },
        }
    });
    let body = if decoded().next().is_none() {
        quote! { let _ = key; reader.skip()?; }
    } else {
        quote! { match &*key { #(#arms)* _ => reader.skip()?, } }
    };
    quote! {
        #head crate::decode::Decode for #target {
            fn decode<'de, Reader: crate::reader::Reader<'de>>(
                reader: &mut Reader,
                _: &'static crate::shape::Type,
            ) -> Result<Self, crate::reader::Fault> {
                #(#slots)*
                let mut cursor = reader.begin_map()?;
                while let Some(key) = reader.next_key(&mut cursor)? { #body }
                Ok(Self { #(#values),* })
            }
        }
    }
}

fn encoder(ident: &Ident, members: &[Member<'_>]) -> TokenStream {
    let members = members
        .iter()
        .filter(|member| !member.streamed)
        .map(|member| {
            let Member {
                field,
                name,
                present,
                ..
            } = member;
            if *present {
                quote! { writer.member(#name); crate::encode::Encode::encode(&self.#field, writer); }
            } else {
                quote! {
                    if let Some(value) = &self.#field {
                        writer.member(#name);
                        crate::encode::Encode::encode(value, writer);
                    }
                }
            }
        });
    quote! {
        impl crate::encode::Encode for #ident {
            fn encode<Writer: crate::writer::Writer>(&self, writer: &mut Writer) {
                writer.begin_map();
                #(#members)*
                writer.end_map();
            }
        }
    }
}

/// The access to text members.
fn texts(ident: &Ident, parameter: Option<&Ident>, members: &[Member<'_>]) -> TokenStream {
    let of_text = members.iter().filter(|member| is_string(member.value));
    let arms = of_text.map(|member| {
        let Member { field, name, .. } = member;
        if member.present {
            quote! { #name => Some(&self.#field), }
        } else {
            quote! { #name => self.#field.as_deref(), }
        }
    });
    let arms: Vec<_> = arms.collect();
    let body = if arms.is_empty() {
        quote! { let _ = member; None }
    } else {
        quote! { match member { #(#arms)* _ => None } }
    };
    quote! {
        impl<#parameter> crate::texts::Texts for #ident<#parameter> {
            #[inline]
            fn text(&self, member: &str) -> Option<&str> { #body }
        }
    }
}

/// `StreamName` for `stream_name`.
fn pascal_case(field: &str) -> String {
    field
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or(String::new(), |first| {
                first.to_uppercase().chain(letters).collect::<String>()
            })
        })
        .collect()
}

fn inner_of_option(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path
        .path
        .segments
        .last()
        .filter(|segment| segment.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    let GenericArgument::Type(inner) = arguments.args.first()? else {
        return None;
    };
    Some(inner)
}

fn is_ident(ty: &Type, ident: &Ident) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident(ident))
}

fn is_string(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("String"))
}
