//! A configuration object, declared by the descriptions of its fields.

/// Makes a struct from the descriptions of its fields, and the function that reads it.
///
/// A field is a doc comment, which is its text in the manual too, then
/// `name: Type = description`.
macro_rules! object {
    (
        $(#[doc = $title:literal])+
        $name:ident {
            $($(#[doc = $about:literal])+ $key:ident: $type:ty = $description:expr,)+
        }
    ) => {
        $(#[doc = $title])+
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[doc = $about])+ pub $key: $type,)+
        }

        impl $name {
            /// The fields, in the order of the manual.
            pub const FIELDS: &'static [$crate::config::field::Field] = &[
                $($crate::config::field::Field {
                    key: stringify!($key),
                    about: concat!($($about),+),
                    kind: $description.kind(),
                },)+
            ];

            /// The keys, in the order of the manual.
            pub const KEYS: &'static [&'static str] = &[$(stringify!($key)),+];

            /// The values that are written, with the defaults for the rest.
            pub fn read(fields: &mut impl $crate::config::field::Fields) -> Self {
                Self {
                    $($key: $crate::config::field::Describes::<$type>::read(
                        $description,
                        stringify!($key),
                        fields,
                    ),)+
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($key: $crate::config::field::Describes::<$type>::default($description),)+
                }
            }
        }
    };
}
pub(super) use object;
