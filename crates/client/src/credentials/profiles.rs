//! The profiles of both shared files, and what one of them has.

use super::error::{SettingsError, SyntaxProblem};
use super::file_format::{self, Section};
use super::sources::Sources;
use std::collections::BTreeMap;
use std::path::Path;

type Settings = BTreeMap<String, String>;

/// The name of the profile that is used if none is named.
pub(super) const DEFAULT: &str = "default";

/// The settings of one profile, and the services it refers to. A setting in the credentials file
/// goes before the same one in the config file.
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) config: Settings,
    pub(super) credentials: Settings,
    services: BTreeMap<String, Settings>,
}

impl Profile {
    /// Reads both files.
    pub(super) fn load(sources: &Sources, name: String) -> Result<Self, SettingsError> {
        let path = |variable, usual: &str| {
            let named = sources.variable(variable);
            sources.path(named.as_deref().unwrap_or(usual))
        };
        let config = path("AWS_CONFIG_FILE", "~/.aws/config");
        let credentials = path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
        let config = read(sources, &config)?;
        let credentials = read(sources, &credentials)?;
        let found = [
            merged(&config, |header| config_profile(header) == Some(&name)),
            merged(&credentials, |header| unquoted(header) == name),
        ];
        if name != DEFAULT && found.iter().all(Option::is_none) {
            return Err(SettingsError::ProfileMissing(name));
        }
        let has_prefix = |header: &str| parted(header) == Some(("profile", DEFAULT));
        let is_shadowed = name == DEFAULT && config.iter().any(|s| has_prefix(&s.header));
        let [config_settings, credentials] = found.map(Option::unwrap_or_default);
        let config_settings = if is_shadowed {
            merged(&config, has_prefix).unwrap_or_default()
        } else {
            config_settings
        };
        Ok(Self {
            name,
            config: config_settings,
            credentials,
            services: services(&config),
        })
    }

    /// A setting, from either file; `None` if it is empty.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let value = self.credentials.get(key).or_else(|| self.config.get(key));
        value.map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A setting of Kinesis in the section of services that the profile refers to.
    pub(super) fn of_service(&self, key: &str) -> Result<Option<&str>, SettingsError> {
        let Some(section) = self.get("services") else {
            return Ok(None);
        };
        let services = self.services.get(section);
        let services = services.ok_or_else(|| SettingsError::ServicesMissing {
            profile: self.name.clone(),
            section: section.to_owned(),
        })?;
        let kinesis = services.get("kinesis").map(String::as_str);
        let mut settings = file_format::nested(kinesis.unwrap_or_default());
        let found = settings.find(|(name, _)| *name == key);
        Ok(found
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty()))
    }
}

fn read(sources: &Sources, path: &Path) -> Result<Vec<Section>, SettingsError> {
    let text = sources.file(path).map_err(|source| SettingsError::File {
        path: path.to_owned(),
        source,
    })?;
    let located = |(line, problem): (usize, SyntaxProblem)| SettingsError::Syntax {
        path: path.to_owned(),
        line,
        problem,
    };
    file_format::parse(&text.unwrap_or_default()).map_err(located)
}

/// The settings of all sections of one name, the last of each name; `None` if there is no section.
fn merged(sections: &[Section], is_named: impl Fn(&str) -> bool) -> Option<Settings> {
    let mut found = sections
        .iter()
        .filter(|section| is_named(&section.header))
        .peekable();
    found.peek()?;
    Some(
        found
            .flat_map(|section| section.settings.iter().cloned())
            .collect(),
    )
}

fn services(config: &[Section]) -> BTreeMap<String, Settings> {
    let mut services = BTreeMap::<String, Settings>::new();
    for section in config {
        if let Some(("services", name)) = parted(&section.header) {
            let settings = section.settings.iter().cloned();
            services
                .entry(name.to_owned())
                .or_default()
                .extend(settings);
        }
    }
    services
}

/// The profile that a section of the config file is of: `[default]` or `[profile NAME]`.
fn config_profile(header: &str) -> Option<&str> {
    match parted(header) {
        Some(("profile", name)) => Some(name),
        Some(_) => None,
        None => (header == DEFAULT).then_some(header),
    }
}

/// The parts of `KIND NAME`. A name in quotation marks may have white space in it.
fn parted(header: &str) -> Option<(&str, &str)> {
    let (kind, name) = header.split_once([' ', '\t'])?;
    let name = name.trim_matches([' ', '\t']);
    let plain = unquoted(name);
    let is_one_word = !plain.contains([' ', '\t']) || plain.len() != name.len();
    (is_one_word && !plain.is_empty()).then_some((kind, plain))
}

fn unquoted(name: &str) -> &str {
    let between = |quote| name.strip_prefix(quote)?.strip_suffix(quote);
    between('"').or_else(|| between('\'')).unwrap_or(name)
}
