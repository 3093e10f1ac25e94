//! Registers: what people record about backups, one row type a table of `controls/model.toml`.
//!
//! A register that was not given is `None`: checks that need it say `no_evidence`. A file with a
//! header and no rows is a complete, empty register. Fields that a check tests for presence may
//! be empty here, because an incomplete record is a finding and not a broken file; only what a
//! row cannot be understood without is required.

use std::ops::Deref;

use crate::fault::Faults;
use crate::read::Fields;
use crate::read::csv::Sheet;

mod access;
mod documents;
mod exceptions;
mod governance;
mod incidents;
mod issues;
mod load;
mod papers;
mod platforms;
pub mod reference;
#[cfg(test)]
mod tests;

pub use access::*;
pub use documents::*;
pub use exceptions::*;
pub use governance::*;
pub use incidents::*;
pub use issues::{Issue, is_field, of_issue};
pub use load::load;
pub use platforms::*;

/// A row type that a register file can be read into.
pub trait Record: Sized {
    /// Table of `controls/model.toml`, and name of the file without `.csv`.
    const TABLE: &'static str;
    /// Columns in the order of the data model, each with whether a row needs it.
    const COLUMNS: &'static [(&'static str, bool)];

    /// Reads one row; `None` where it has faults, which `fields` then holds.
    fn read(fields: &mut Fields<'_>) -> Option<Self>;

    /// What the first column says: the id, in every table that has one of its own.
    fn id(&self) -> String;
}

/// A register row and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded<T> {
    /// The row.
    pub row: T,
    /// File and line, `registers/incidents.csv:4`; the address of an issue.
    pub declared_in: String,
}

impl<T> Deref for Recorded<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.row
    }
}

/// Declares a row type: a struct, its columns and how it is read. A field is required unless its
/// type is an `Option` or a list, or a value for absence follows it.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident = $table:literal {
        $($(#[$fmeta:meta])* $field:ident : $type:ty $(= $absent:expr)?),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
        pub struct $name {
            $($(#[$fmeta])* pub $field: $type),+
        }

        impl $crate::registers::Record for $name {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [(&'static str, bool)] = &[$((
                stringify!($field),
                $crate::registers::needed::<$type>(&[$(stringify!($absent))?]),
            )),+];

            fn read(fields: &mut $crate::read::Fields<'_>) -> Option<Self> {
                // Every field is asked for before any is given up, so that all faults show.
                $(let $field = fields.get_or::<$type>(
                    stringify!($field),
                    <$type as $crate::read::Column>::absent()$(.or(Some($absent)))?,
                );)+
                Some(Self { $($field: $field?),+ })
            }

            fn id(&self) -> String {
                let all: &[&dyn std::fmt::Debug] = &[$(&self.$field),+];
                all.first().map_or_else(String::new, |first| format!("{first:?}").trim_matches('"').to_owned())
            }
        }
    };
}
pub(crate) use record;

/// Calls a macro with the names of all registers.
macro_rules! each_register {
    ($with:ident) => {
        $with! {
            exceptions, exception_approvals, incidents, alerts, monitor_days, actions, reviews, approvals,
            role_assignments, changes, obligations, metric_reports, documents, document_history, signatures,
            acknowledgements, approved_platforms, keys, provider_assurance, storage_locations, transport_paths,
            principals, access_grants, access_reviews, emergency_requests, privileged_events, asset_exclusions
        }
    };
}

/// Every register of a workspace; `None` where its file was not given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registers {
    /// `exceptions`
    pub exceptions: Option<Vec<Recorded<Exception>>>,
    /// `exception_approvals`
    pub exception_approvals: Option<Vec<Recorded<ExceptionApproval>>>,
    /// `incidents`
    pub incidents: Option<Vec<Recorded<Incident>>>,
    /// `alerts`
    pub alerts: Option<Vec<Recorded<Alert>>>,
    /// `monitor_days`
    pub monitor_days: Option<Vec<Recorded<MonitorDay>>>,
    /// `actions`
    pub actions: Option<Vec<Recorded<Action>>>,
    /// `reviews`
    pub reviews: Option<Vec<Recorded<Review>>>,
    /// `approvals`
    pub approvals: Option<Vec<Recorded<Approval>>>,
    /// `role_assignments`
    pub role_assignments: Option<Vec<Recorded<RoleAssignment>>>,
    /// `changes`
    pub changes: Option<Vec<Recorded<Change>>>,
    /// `obligations`
    pub obligations: Option<Vec<Recorded<Obligation>>>,
    /// `metric_reports`
    pub metric_reports: Option<Vec<Recorded<MetricReport>>>,
    /// `documents`
    pub documents: Option<Vec<Recorded<Document>>>,
    /// `document_history`
    pub document_history: Option<Vec<Recorded<DocumentVersion>>>,
    /// `signatures`
    pub signatures: Option<Vec<Recorded<Signature>>>,
    /// `acknowledgements`
    pub acknowledgements: Option<Vec<Recorded<Acknowledgement>>>,
    /// `approved_platforms`
    pub approved_platforms: Option<Vec<Recorded<ApprovedPlatform>>>,
    /// `keys`
    pub keys: Option<Vec<Recorded<Key>>>,
    /// `provider_assurance`
    pub provider_assurance: Option<Vec<Recorded<ProviderAssurance>>>,
    /// `storage_locations`
    pub storage_locations: Option<Vec<Recorded<RegisteredLocation>>>,
    /// `transport_paths`
    pub transport_paths: Option<Vec<Recorded<TransportPath>>>,
    /// `principals`
    pub principals: Option<Vec<Recorded<Principal>>>,
    /// `access_grants`
    pub access_grants: Option<Vec<Recorded<AccessGrant>>>,
    /// `access_reviews`
    pub access_reviews: Option<Vec<Recorded<AccessReview>>>,
    /// `emergency_requests`
    pub emergency_requests: Option<Vec<Recorded<EmergencyRequest>>>,
    /// `privileged_events`
    pub privileged_events: Option<Vec<Recorded<PrivilegedEvent>>>,
    /// `asset_exclusions`: assets that need no inventory row
    pub asset_exclusions: Option<Vec<Recorded<AssetExclusion>>>,
}

/// Whether a column of type `T` must be filled; `default` holds what the declaration gives for
/// an absent one.
const fn needed<T: crate::read::Column>(default: &[&str]) -> bool {
    !T::OPTIONAL && default.is_empty()
}

impl Registers {
    /// Reads rows into their register, which is given from now on. Nothing happens where `table` is no register.
    fn read(&mut self, table: &str, sheet: Sheet<'_>, seen: &mut load::Seen, faults: &mut Faults) {
        macro_rules! into {
            ($($field:ident),+) => {
                match table {
                    $(stringify!($field) => {
                        let rows = load::rows(sheet, seen, faults);
                        self.$field.get_or_insert_default().extend(rows);
                    })+
                    _ => {}
                }
            };
        }
        each_register!(into);
    }

    /// Says that a register was given, even if it has no rows.
    pub fn give(&mut self, table: &str) {
        self.read(table, Sheet::of(Vec::new()), &mut load::Seen::default(), &mut Faults::default());
    }

    /// True where a row of a register has this id.
    #[must_use]
    pub fn has(&self, table: &str, id: &str) -> bool {
        self.ids(table).iter().any(|other| other == id)
    }

    /// Ids of the rows of a register.
    #[must_use]
    pub fn ids(&self, table: &str) -> Vec<String> {
        macro_rules! all {
            ($($field:ident),+) => {
                match table {
                    $(stringify!($field) => self.$field.iter().flatten().map(|row| row.id()).collect(),)+
                    _ => Vec::new(),
                }
            };
        }
        each_register!(all)
    }

    /// Where the row of a register with this id stands.
    #[must_use]
    pub fn declared_in(&self, table: &str, id: &str) -> Option<&str> {
        macro_rules! find {
            ($($field:ident),+) => {
                match table {
                    $(stringify!($field) => {
                        self.$field.iter().flatten().find(|row| row.id() == id).map(|row| row.declared_in.as_str())
                    })+
                    _ => None,
                }
            };
        }
        each_register!(find)
    }

    /// Takes over the rows of `other`.
    pub fn extend(&mut self, other: Self) {
        macro_rules! join {
            ($($field:ident),+) => { $(
                if let Some(rows) = other.$field {
                    self.$field.get_or_insert_default().extend(rows);
                }
            )+ };
        }
        each_register!(join);
    }
}

impl Registers {
    /// Rows of a register as JSON, each with where it stands; `None` where it was not given or is none.
    #[must_use]
    pub fn rows_of(&self, table: &str) -> Option<Vec<(serde_json::Value, &str)>> {
        macro_rules! of {
            ($($field:ident),+) => {
                match table {
                    $(stringify!($field) => self.$field.as_ref().map(|rows| {
                        rows.iter()
                            .map(|r| (serde_json::to_value(&r.row).unwrap_or_default(), r.declared_in.as_str()))
                            .collect()
                    }),)+
                    _ => None,
                }
            };
        }
        each_register!(of)
    }
}

/// Names of all registers, in the order of [`Registers`], with their columns.
pub const REGISTERS: &[(&str, &[(&str, bool)])] = &[
    (Exception::TABLE, Exception::COLUMNS),
    (ExceptionApproval::TABLE, ExceptionApproval::COLUMNS),
    (Incident::TABLE, Incident::COLUMNS),
    (Alert::TABLE, Alert::COLUMNS),
    (MonitorDay::TABLE, MonitorDay::COLUMNS),
    (Action::TABLE, Action::COLUMNS),
    (Review::TABLE, Review::COLUMNS),
    (Approval::TABLE, Approval::COLUMNS),
    (RoleAssignment::TABLE, RoleAssignment::COLUMNS),
    (Change::TABLE, Change::COLUMNS),
    (Obligation::TABLE, Obligation::COLUMNS),
    (MetricReport::TABLE, MetricReport::COLUMNS),
    (Document::TABLE, Document::COLUMNS),
    (DocumentVersion::TABLE, DocumentVersion::COLUMNS),
    (Signature::TABLE, Signature::COLUMNS),
    (Acknowledgement::TABLE, Acknowledgement::COLUMNS),
    (ApprovedPlatform::TABLE, ApprovedPlatform::COLUMNS),
    (Key::TABLE, Key::COLUMNS),
    (ProviderAssurance::TABLE, ProviderAssurance::COLUMNS),
    (RegisteredLocation::TABLE, RegisteredLocation::COLUMNS),
    (TransportPath::TABLE, TransportPath::COLUMNS),
    (Principal::TABLE, Principal::COLUMNS),
    (AccessGrant::TABLE, AccessGrant::COLUMNS),
    (AccessReview::TABLE, AccessReview::COLUMNS),
    (EmergencyRequest::TABLE, EmergencyRequest::COLUMNS),
    (PrivilegedEvent::TABLE, PrivilegedEvent::COLUMNS),
    (AssetExclusion::TABLE, AssetExclusion::COLUMNS),
];

impl Registers {
    /// Calls `visit` with place and id for every system that a register names.
    pub fn each_system_id(&self, mut visit: impl FnMut(&str, &str)) {
        macro_rules! lists {
            ($($field:ident),+) => { $(
                for row in self.$field.iter().flatten() {
                    row.system_ids.iter().for_each(|id| visit(&row.declared_in, id));
                }
            )+ };
        }
        macro_rules! single {
            ($($field:ident),+) => { $(
                for row in self.$field.iter().flatten() {
                    row.system_id.iter().for_each(|id| visit(&row.declared_in, id));
                }
            )+ };
        }
        lists! { exceptions, incidents, changes, obligations, documents, emergency_requests }
        single! { alerts, privileged_events }
    }
}

impl Registers {
    /// True where `person` held `role` at `at`. Without a register of roles nobody can be shown to have held one.
    #[must_use]
    pub fn held_role(&self, person: &str, role: &str, at: crate::time::Instant) -> bool {
        self.held_role_within(person, role, at, at)
    }

    /// True where `person` held `role` at some time from `from` to `to`, both included: on the day of a signature.
    #[must_use]
    pub fn held_role_within(
        &self,
        person: &str,
        role: &str,
        from: crate::time::Instant,
        to: crate::time::Instant,
    ) -> bool {
        self.role_assignments.iter().flatten().any(|a| {
            a.person == person && a.role == role && a.valid_from <= to && a.valid_to.is_none_or(|end| from < end)
        })
    }
}
