//! XML answers of RDS, STS and S3 as the objects that the AWS CLI prints for them.
//!
//! What XML does not tell is taken from the service models (botocore): which elements are lists, which texts are numbers
//! or flags. Only fields that readers look at are listed here; any other text stays a text. Pointers into an XML answer
//! are those of the object that it becomes. A document type, an unknown entity, damage, depth and size beyond all
//! answers are errors.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value};

/// Deepest nesting of an answer; real ones stay below ten.
const DEPTH: usize = 32;
/// Most elements of an answer. A page of S3 has 1000 objects of some ten elements.
const ELEMENTS: usize = 500_000;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Read {
    /// What the CLI would print.
    Reply(Map<String, Value>),
    /// An error.
    Error {
        /// Code (`NoSuchBucketPolicy`).
        code: String,
        /// Words.
        message: String,
    },
}

/// Reads an answer.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Read, String> {
    let root = tree(bytes)?;
    if let Some(error) = error(&root) {
        return Ok(error);
    }
    Ok(Read::Reply(reply(root)?))
}

#[derive(Debug, Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.name == name)
    }

    fn told(&self, name: &str) -> String {
        self.child(name).map(|c| c.text.trim().to_owned()).unwrap_or_default()
    }
}

fn tree(bytes: &[u8]) -> Result<Element, String> {
    let mut reader = Reader::from_reader(bytes);
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let mut count = 0;
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| "it is not UTF-8".to_owned());
    loop {
        match reader.read_event().map_err(|e| format!("damaged XML: {e}"))? {
            Event::Start(start) => {
                count += 1;
                if open.len() >= DEPTH || count > ELEMENTS || root.is_some() {
                    return Err("its XML is deeper or larger than any answer".to_owned());
                }
                open.push(Element { name: text(start.local_name().as_ref())?, ..Element::default() });
            }
            Event::Empty(start) => {
                count += 1;
                if count > ELEMENTS || root.is_some() {
                    return Err("its XML is larger than any answer".to_owned());
                }
                let element = Element { name: text(start.local_name().as_ref())?, ..Element::default() };
                close(element, &mut open, &mut root);
            }
            Event::End(_) => {
                let element = open.pop().ok_or("damaged XML: an end without a beginning")?;
                close(element, &mut open, &mut root);
            }
            Event::Text(more) => push(&mut open, &text(&more)?)?,
            Event::CData(more) => push(&mut open, &text(&more)?)?,
            Event::GeneralRef(name) => {
                let resolved = match name.resolve_char_ref().map_err(|e| format!("damaged XML: {e}"))? {
                    Some(c) => c.to_string(),
                    None => match &*name {
                        b"amp" => "&".to_owned(),
                        b"lt" => "<".to_owned(),
                        b"gt" => ">".to_owned(),
                        b"quot" => "\"".to_owned(),
                        b"apos" => "'".to_owned(),
                        _ => return Err("its XML names an entity that no answer needs".to_owned()),
                    },
                };
                push(&mut open, &resolved)?;
            }
            Event::DocType(_) => return Err("its XML has a document type, which no answer needs".to_owned()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    match root {
        Some(root) if open.is_empty() => Ok(root),
        _ => Err("damaged XML: it is cut".to_owned()),
    }
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

fn push(open: &mut [Element], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("damaged XML: text outside of it".to_owned()),
    }
    Ok(())
}

/// `<Error>` of S3, `<ErrorResponse><Error>` of the others.
fn error(root: &Element) -> Option<Read> {
    let inner = match root.name.as_str() {
        "Error" => root,
        "ErrorResponse" => root.child("Error").unwrap_or(root),
        "Response" => root.child("Errors")?.child("Error")?,
        _ => return None,
    };
    Some(Read::Error { code: inner.told("Code"), message: inner.told("Message") })
}

/// Under which keys the CLI prints an answer, by its root.
fn reply(root: Element) -> Result<Map<String, Value>, String> {
    let name = root.name.clone();
    match name.as_str() {
        "LocationConstraint" => {
            let region = root.text.trim();
            let region = if region.is_empty() { Value::Null } else { Value::from(region) };
            Ok(Map::from_iter([(name, region)]))
        }
        "ServerSideEncryptionConfiguration"
        | "ReplicationConfiguration"
        | "ObjectLockConfiguration"
        | "OwnershipControls"
        | "PublicAccessBlockConfiguration"
        | "PolicyStatus"
        | "Retention"
        | "LegalHold"
        | "InventoryConfiguration" => Ok(Map::from_iter([(name, Value::Object(object(root)))])),
        "LifecycleConfiguration"
        | "VersioningConfiguration"
        | "BucketLoggingStatus"
        | "Tagging"
        | "ListBucketResult"
        | "ListVersionsResult"
        | "ListAllMyBucketsResult"
        | "GetObjectAttributesResponse"
        | "ListInventoryConfigurationsResult" => Ok(object(root)),
        // `<DescribeDBInstancesResponse><DescribeDBInstancesResult>…`
        _ => {
            let result = name.strip_suffix("Response").map(|stem| format!("{stem}Result"));
            let inner = result.and_then(|result| root.children.into_iter().find(|c| c.name == result));
            inner.map(object).ok_or_else(|| format!("<{name}> is not an answer that is known"))
        }
    }
}

fn object(element: Element) -> Map<String, Value> {
    let mut out = Map::new();
    for child in element.children {
        if let Some(list) = flat(&element.name, &child.name) {
            let value = value(child);
            if let Some(all) = out.entry(list).or_insert_with(|| Value::Array(Vec::new())).as_array_mut() {
                all.push(value);
            }
            continue;
        }
        let key = if child.name == "MfaDelete" { "MFADelete".to_owned() } else { child.name.clone() };
        out.insert(key, value(child));
    }
    out
}

fn value(element: Element) -> Value {
    if let Some(member) = wrapped(&element.name) {
        let members = element.children.into_iter().filter(|c| c.name == member || c.name == "member");
        return Value::Array(members.map(value).collect());
    }
    if !element.children.is_empty() {
        return Value::Object(object(element));
    }
    let name = element.name.as_str();
    if STRUCTURES.contains(&name) && element.text.trim().is_empty() {
        return Value::Object(Map::new());
    }
    match (element.text.trim(), FLAGS.contains(&name), NUMBERS.contains(&name)) {
        ("true", true, _) => Value::Bool(true),
        ("false", true, _) => Value::Bool(false),
        (text, _, true) => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        _ => Value::String(element.text),
    }
}

/// Lists of S3 that stand without an element around them: key that the CLI gives them.
fn flat(parent: &str, child: &str) -> Option<&'static str> {
    Some(match (parent, child) {
        (
            "ServerSideEncryptionConfiguration"
            | "LifecycleConfiguration"
            | "ReplicationConfiguration"
            | "OwnershipControls",
            "Rule",
        ) => "Rules",
        ("Rule", "Transition") => "Transitions",
        ("Rule", "NoncurrentVersionTransition") => "NoncurrentVersionTransitions",
        ("And", "Tag") => "Tags",
        ("BlockedEncryptionTypes", "EncryptionType") => "EncryptionType",
        ("ListBucketResult", "Contents") => "Contents",
        ("ListVersionsResult", "Version") => "Versions",
        ("ListVersionsResult", "DeleteMarker") => "DeleteMarkers",
        ("ListBucketResult" | "ListVersionsResult", "CommonPrefixes") => "CommonPrefixes",
        ("Contents" | "Version", "ChecksumAlgorithm") => "ChecksumAlgorithm",
        ("ListInventoryConfigurationsResult", "InventoryConfiguration") => "InventoryConfigurationList",
        _ => return None,
    })
}

/// Lists with an element around them: name of their members.
fn wrapped(list: &str) -> Option<&'static str> {
    Some(match list {
        "DBInstances" => "DBInstance",
        "DBClusters" => "DBCluster",
        "DBSnapshots" => "DBSnapshot",
        "DBClusterSnapshots" => "DBClusterSnapshot",
        "DBInstanceAutomatedBackups" => "DBInstanceAutomatedBackup",
        "DBClusterAutomatedBackups" => "DBClusterAutomatedBackup",
        "DBInstanceAutomatedBackupsReplications" => "DBInstanceAutomatedBackupsReplication",
        "DBClusterMembers" => "DBClusterMember",
        "DBSnapshotAttributes" => "DBSnapshotAttribute",
        "AttributeValues" => "AttributeValue",
        "Events" => "Event",
        "EventCategories" => "EventCategory",
        "TagList" | "TagSet" => "Tag",
        "ReadReplicaDBInstanceIdentifiers" => "ReadReplicaDBInstanceIdentifier",
        "Buckets" => "Bucket",
        "OptionalFields" => "Field",
        _ => return None,
    })
}

/// Structures that may be empty and still say something.
const STRUCTURES: &[&str] = &["LoggingEnabled", "Filter", "DefaultRetention", "Expiration", "RestoreWindow"];

const FLAGS: &[&str] = &[
    "AutoMinorVersionUpgrade",
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "BucketKeyEnabled",
    "CopyTagsToSnapshot",
    "CrossAccountClone",
    "DeletionProtection",
    "Encrypted",
    "ExpiredObjectDeleteMarker",
    "IAMDatabaseAuthenticationEnabled",
    "IgnorePublicAcls",
    "IsClusterWriter",
    "IsEnabled",
    "IsLatest",
    "IsPublic",
    "IsRestoreInProgress",
    "IsTruncated",
    "MultiAZ",
    "PerformanceInsightsEnabled",
    "PubliclyAccessible",
    "RestrictPublicBuckets",
    "StorageEncrypted",
];

const NUMBERS: &[&str] = &[
    "AllocatedStorage",
    "BackupRetentionPeriod",
    "BacktrackWindow",
    "Days",
    "DaysAfterInitiation",
    "Iops",
    "KeyCount",
    "MaxAllocatedStorage",
    "MaxKeys",
    "Minutes",
    "NewerNoncurrentVersions",
    "NoncurrentDays",
    "ObjectSizeGreaterThan",
    "ObjectSizeLessThan",
    "PercentProgress",
    "Port",
    "Priority",
    "PromotionTier",
    "Size",
    "StorageThroughput",
    "Years",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn value_of(xml: &str) -> Value {
        match read(xml.as_bytes()).unwrap() {
            Read::Reply(map) => Value::Object(map),
            Read::Error { code, message } => panic!("{code} {message}"),
        }
    }

    #[test]
    fn a_list_of_rds_is_as_the_cli_prints_it() {
        let xml = r#"<?xml version="1.0"?>
<DescribeDBSnapshotsResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeDBSnapshotsResult>
  <Marker>next&amp;1</Marker>
  <DBSnapshots><DBSnapshot>
    <DBSnapshotIdentifier>rds:acme-pg-2024-05-28-05-06</DBSnapshotIdentifier><AllocatedStorage>20</AllocatedStorage>
    <Encrypted>true</Encrypted><SnapshotCreateTime>2024-05-28T05:06:12.345Z</SnapshotCreateTime>
    <TagList><Tag><Key>true</Key><Value>20</Value></Tag></TagList><ProcessorFeatures/>
  </DBSnapshot></DBSnapshots></DescribeDBSnapshotsResult>
  <ResponseMetadata><RequestId>b0d2</RequestId></ResponseMetadata></DescribeDBSnapshotsResponse>"#;
        assert_eq!(
            value_of(xml),
            json!({"Marker": "next&1", "DBSnapshots": [{
                "DBSnapshotIdentifier": "rds:acme-pg-2024-05-28-05-06", "AllocatedStorage": 20, "Encrypted": true,
                "SnapshotCreateTime": "2024-05-28T05:06:12.345Z",
                "TagList": [{"Key": "true", "Value": "20"}], "ProcessorFeatures": ""}]})
        );
        let empty =
            "<DescribeEventsResponse><DescribeEventsResult><Events/></DescribeEventsResult></DescribeEventsResponse>";
        assert_eq!(value_of(empty), json!({"Events": []}));
        let categories = "<DescribeEventsResponse><DescribeEventsResult><Events><Event><EventCategories>\
             <EventCategory>backup</EventCategory></EventCategories></Event></Events></DescribeEventsResult>\
             </DescribeEventsResponse>";
        assert_eq!(value_of(categories), json!({"Events": [{"EventCategories": ["backup"]}]}));
    }

    #[test]
    fn settings_of_buckets_are_as_the_cli_prints_them() {
        let cases = [
            (
                r#"<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"#,
                json!({"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault":
                    {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}, "BucketKeyEnabled": true}]}}),
            ),
            (
                "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>35</Days></DefaultRetention></Rule></ObjectLockConfiguration>",
                json!({"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention":
                    {"Mode": "COMPLIANCE", "Days": 35}}}}),
            ),
            (
                "<LifecycleConfiguration><Rule><ID>a</ID><Filter/><Status>Enabled</Status><Expiration><Days>30</Days></Expiration><Transition><Days>7</Days><StorageClass>GLACIER</StorageClass></Transition></Rule></LifecycleConfiguration>",
                json!({"Rules": [{"ID": "a", "Filter": {}, "Status": "Enabled", "Expiration": {"Days": 30},
                    "Transitions": [{"Days": 7, "StorageClass": "GLACIER"}]}]}),
            ),
            (
                "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>",
                json!({"Status": "Enabled", "MFADelete": "Enabled"}),
            ),
            ("<VersioningConfiguration/>", json!({})),
            ("<BucketLoggingStatus xmlns='x'/>", json!({})),
            ("<LocationConstraint>eu-west-1</LocationConstraint>", json!({"LocationConstraint": "eu-west-1"})),
            ("<LocationConstraint/>", json!({"LocationConstraint": null})),
            (
                "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>",
                json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": true}}),
            ),
            (
                "<ListVersionsResult><Name>b</Name><IsTruncated>false</IsTruncated><Version><Key>a</Key><IsLatest>true</IsLatest><ETag>&quot;x&quot;</ETag><Size>12</Size></Version><DeleteMarker><Key>b</Key></DeleteMarker></ListVersionsResult>",
                json!({"Name": "b", "IsTruncated": false, "Versions": [{"Key": "a", "IsLatest": true,
                    "ETag": "\"x\"", "Size": 12}], "DeleteMarkers": [{"Key": "b"}]}),
            ),
            (
                "<ReplicationConfiguration><Role>r</Role><Rule><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::b</Bucket></Destination></Rule></ReplicationConfiguration>",
                json!({"ReplicationConfiguration": {"Role": "r", "Rules": [{"Status": "Enabled",
                    "Destination": {"Bucket": "arn:aws:s3:::b"}}]}}),
            ),
        ];
        for (xml, wanted) in cases {
            assert_eq!(value_of(xml), wanted, "{xml}");
        }
    }

    #[test]
    fn errors_of_both_forms_are_errors() {
        let wanted = |code: &str, message: &str| Ok(Read::Error { code: code.to_owned(), message: message.to_owned() });
        assert_eq!(
            read(b"<?xml version='1.0'?>\n<Error><Code>NoSuchBucketPolicy</Code><Message>The bucket policy does not exist</Message></Error>"),
            wanted("NoSuchBucketPolicy", "The bucket policy does not exist")
        );
        assert_eq!(
            read(b"<ErrorResponse xmlns='x'><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"),
            wanted("AccessDenied", "no")
        );
    }

    #[test]
    fn damage_and_traps_are_refused() {
        for bad in [
            "",
            "plain",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<html><body>502</body></html>",
            "<!DOCTYPE a [<!ENTITY e 'x'>]><Error><Code>&e;</Code></Error>",
            "<Error><Code>&e;</Code></Error>",
            "<Error><Code>&#xD800;</Code></Error>",
            "<DescribeDBInstancesResponse/>",
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
        let deep = "<a>".repeat(100_000);
        assert!(read(deep.as_bytes()).unwrap_err().contains("deeper"));
        let wide = format!("<a>{}</a>", "<b/>".repeat(ELEMENTS + 1));
        assert!(read(wide.as_bytes()).unwrap_err().contains("larger"));
        assert!(read(b"<Error><Code>\xff</Code></Error>").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[<>/a-zR&;#!\\[\\]\"= ]{0,60}") {
            let _ = read(text.as_bytes());
        }

        #[test]
        fn a_cut_answer_is_no_answer(at in 1_usize..118) {
            let whole = "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances/></DescribeDBInstancesResult></DescribeDBInstancesResponse>";
            prop_assert!(read(&whole.as_bytes()[..at]).is_err());
        }
    }
}
