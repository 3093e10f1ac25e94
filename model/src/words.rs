//! Closed word lists (enums of `controls/model.toml`) with one spelling everywhere.

/// Declares an enum whose variants have exactly one text form, used in files, JSON and reports.
///
/// `FromStr` refuses every other spelling; readers that must keep a foreign word store it
/// beside the parsed value instead of guessing.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[doc = concat!("`", $text, "`")] #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in the order of the data model.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// Every spelling, in the order of the data model.
            pub const WORDS: &'static [&'static str] = &[$($text),+];
            /// The one spelling used in files, JSON and reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok($name::$variant),)+
                    _ => Err($crate::words::UnknownWord { given: text.to_owned(), allowed: Self::WORDS }),
                }
            }
        }

        impl $crate::read::Column for $name {
            const EXPECTED: &'static str = concat!("one of" $(, " ", $text)+);
            fn read(
                value: &$crate::read::Value,
                context: &$crate::read::Context,
            ) -> Result<Self, $crate::read::Refusal> {
                $crate::read::word(value, context, Self::EXPECTED)
            }
        }
    };
}

pub(crate) use words;

/// A word outside the closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{given}\" is not one of {}", allowed.join(", "))]
pub struct UnknownWord {
    /// What was written.
    pub given: String,
    /// What could have been written.
    pub allowed: &'static [&'static str],
}
