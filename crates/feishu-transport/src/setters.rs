//! A macro that writes a chainable setter for each public field of a settings type.

/// Writes `fn field(self, value) -> Self` for each field named.
#[doc(hidden)]
#[macro_export]
macro_rules! __setters {
    ($settings:ty { $($field:ident: $value:ty,)* }) => {
        /// Chainable setters, one for each field and with its name.
        impl $settings {
            $(
                #[doc = concat!("Sets the field of the same name, `", stringify!($field), "`.")]
                #[must_use]
                pub fn $field(mut self, value: $value) -> Self {
                    self.$field = value;
                    self
                }
            )*
        }
    };
}
