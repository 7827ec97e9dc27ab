//! Entries of a table, by their names.

/// A handle on an entry of a table, by which it is named on the command line and in the results.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident, $entry:ident, $table:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name(&'static $entry);

        impl $name {
            /// All, in the order of the table.
            pub fn all() -> impl Iterator<Item = Self> {
                $table.iter().map($name)
            }

            /// The entry of this name.
            pub fn find(name: &str) -> Option<Self> {
                Self::all().find(|entry| entry.name == name)
            }

            /// Where it stands in the table, and its results in theirs.
            pub fn place(self) -> usize {
                Self::all().take_while(|entry| *entry != self).count()
            }

            /// A name on the command line.
            pub fn parser() -> impl clap::builder::TypedValueParser<Value = Self> {
                use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
                let names = Self::all().map(|entry| PossibleValue::new(entry.name).help(entry.words));
                let find = |name: String| Self::find(&name).ok_or_else(|| format!("there is no {name}"));
                PossibleValuesParser::new(names.collect::<Vec<_>>()).try_map(find)
            }
        }

        impl std::ops::Deref for $name {
            type Target = $entry;
            fn deref(&self) -> &$entry {
                self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.name == other.name
            }
        }

        impl Eq for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.name)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let name = String::deserialize(from)?;
                Self::find(&name).ok_or_else(|| serde::de::Error::custom(format!("there is no {name}")))
            }
        }
    };
}
pub(super) use named;
