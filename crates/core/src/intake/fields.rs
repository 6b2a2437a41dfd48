//! The keys that are read of an object, each written once.

/// Declares a struct of optional JSON values with the keys that they stand under, and its `of`,
/// which reads them from an object. Of several values for a field, the last one counts.
macro_rules! fields {
    (
        $(#[$about:meta])*
        struct $name:ident {
            $($(#[$about_field:meta])* $field:ident: $($key:literal)|+,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Default)]
        struct $name<'a> {
            $($(#[$about_field])* $field: Option<$crate::json::Value<'a>>,)*
        }

        impl<'a> $name<'a> {
            fn of(object: impl Into<Option<$crate::json::Object<'a>>>) -> Self {
                let mut fields = Self::default();
                if let Some(object) = object.into() {
                    object.members(|key, value| {
                        let field = match &*key.decoded() {
                            $($($key)|+ => &mut fields.$field,)*
                            _ => return,
                        };
                        *field = Some(value);
                    });
                }
                fields
            }
        }
    };
}
