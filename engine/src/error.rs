//! The one error type that leaves the engine: a code that the window and scripts act on, a sentence for the reporter,
//! the cause for IT. What S3 answers is sorted into these codes in `s3::refusal`; nothing here talks to anything.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What went wrong, as far as somebody acts on the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum Code {
    /// What was asked for makes no sense as it was asked.
    BadInput,
    /// The file or folder to send is not there.
    SourceMissing,
    /// It is there and may not be read.
    SourceUnreadable,
    /// It is no longer the file whose first parts were sent.
    SourceChanged,
    /// More than S3 holds in one object.
    TooLarge,
    /// The folder to download into is missing or may not be written.
    FolderUnwritable,
    /// The disk is full.
    DiskFull,
    /// Any other trouble with this computer's disk.
    DiskFailed,
    /// The bucket does not exist, or is in another region.
    NoSuchBucket,
    /// The object does not exist.
    NoSuchKey,
    /// The object is no longer the version whose first parts came down.
    ObjectChanged,
    /// The bucket does not answer, and its copy does not have the object yet.
    NotCopied,
    /// No keys are stored for this profile.
    NoCredentials,
    /// The store does not accept the keys.
    WrongCredentials,
    /// The keys have run out: new ones are got, or must be entered.
    KeysRanOut,
    /// Somebody must sign in (again): in the browser, or with the code of a device.
    SignInNeeded,
    /// The keys are good and may not do this.
    AccessDenied,
    /// The computer's clock is too far off for signed requests.
    ClockSkewed,
    /// The store cannot be reached.
    Offline,
    /// The network answers in the store's place: somebody must sign in on its own page first.
    CaptivePortal,
    /// The agency's proxy wants a name and password, and was shown none that it accepts.
    ProxyCredentials,
    /// The agency's proxy does not let Rushes through to the store, or none is rightly named.
    ProxyRefused,
    /// The network shows a certificate that this computer does not trust: an agency's that inspects traffic, or a stranger's.
    UntrustedCertificate,
    /// The store asked for fewer requests.
    Throttled,
    /// What arrived is not what was sent.
    ChecksumMismatch,
    /// The store refused, for a reason that has no code of its own.
    StoreRefused,
    /// The operating system's keychain cannot be used.
    KeychainUnavailable,
    /// Another copy of Rushes owns this data directory and does not answer.
    Busy,
    /// The journal was written by a newer Rushes.
    JournalTooNew,
    /// The journal cannot be read or written.
    JournalFailed,
    /// There is no such transfer, profile or folder.
    NotFound,
    /// A mistake in Rushes itself.
    Internal,
}

impl Code {
    /// The name as it is written in JSON and shown to scripts: `sourceChanged`.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// An error as the window and `--json` get it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase", rename = "CommandError")]
pub struct Error {
    pub code: Code,
    /// What happened, then what to do, in the reporter's words.
    pub message: String,
    /// The cause for IT: S3's own code and request ID, the system's error. Never a secret.
    pub detail: String,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: String::new() }
    }

    /// Adds the cause, with the causes below it.
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.detail = cause.to_string();
        self
    }

    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(Code::Internal, "Rushes made a mistake. Nothing was lost; please try again.").because(cause)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// All causes, the outermost first.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        text.push_str(": ");
        text.push_str(&e.to_string());
        cause = e.source();
    }
    text
}

/// A file-system error while `doing` something ("read the clip") to `path`, when no nearer code fits.
pub fn disk(doing: &str, path: &std::path::Path, cause: &std::io::Error) -> Error {
    let shown = path.display();
    match cause.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::new(
            Code::DiskFull,
            format!("The disk that holds {shown} is full. Free some space; it goes on by itself."),
        ),
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => Error::new(
            Code::FolderUnwritable,
            format!("Rushes may not {doing} {shown}. Choose another folder or change its permissions, then retry."),
        ),
        _ => Error::new(Code::DiskFailed, format!("Rushes could not {doing} {shown}. Check the disk, then retry.")),
    }
    .because(cause)
}
