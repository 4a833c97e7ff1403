//! Whose certificates hold.

use super::*;
use crate::config::{Trust, describe};

/// `litellm_settings` with this `ssl_verify`, read where these variables and files are.
fn trust(ssl_verify: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let mut all = keys();
    all.extend(super::environment(environment));
    let text = two_models(&format!("litellm_settings: {{{ssl_verify}}}"));
    parse(&text, "config.yaml", &all, Options::default()).map_err(|report| report.to_string())
}

fn authority() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    rcgen::CertificateParams::default().self_signed(&key).unwrap().pem()
}

#[test]
fn the_system_is_believed_unless_a_file_is_named() {
    let two = authority() + &authority();
    let files = [("/two.pem", two.as_str()), ("SSL_CERT_FILE", "/two.pem")];
    let shown = |ssl_verify, environment: &[(&str, &str)]| {
        let config = trust(ssl_verify, environment).unwrap();
        let shown = describe(&config);
        let line = shown.lines().find(|line| line.trim_start().starts_with("TLS")).unwrap();
        line.trim_start_matches("  TLS        certificates ").to_owned()
    };
    let (system, of_two) = ("of the system's authorities", "of the 2 authorities in /two.pem");
    for setting in ["", "ssl_verify: true", "ssl_verify: 'True'"] {
        assert_eq!(shown(setting, &[]), system, "{setting}");
        assert_eq!(shown(setting, &files), of_two, "{setting}");
    }
    assert_eq!(shown("ssl_verify: /two.pem", &files[..1]), of_two);
    // What the configuration names comes before the variable.
    for setting in ["ssl_verify: false", "ssl_verify: 'false'"] {
        assert_eq!(shown(setting, &files), "unchecked", "{setting}");
    }
    let mut all = keys();
    all.extend(environment(&files));
    let no_section = parse(&two_models(""), "config.yaml", &all, Options::default());
    assert!(matches!(no_section.unwrap().trust, Trust::Only { .. }));
}

#[test]
fn no_check_at_all_is_a_warning() {
    let config = trust("ssl_verify: false", &[]).unwrap();
    assert!(warnings(&config).iter().any(|warning| warning.contains("no certificate is checked")));
    let config = trust("ssl_verify: true", &[]).unwrap();
    assert!(!warnings(&config).iter().any(|warning| warning.contains("certificate")));
}

#[test]
fn a_file_that_vouches_for_no_one_is_an_error() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let half = authority().replace("-----END", "");
    let files = [("/empty.pem", ""), ("/broken.pem", broken), ("/half.pem", half.as_str())];
    for (file, why) in [
        ("/none.pem", "`/none.pem`, which cannot be read: entity not found"),
        ("/empty.pem", "`/empty.pem`, which holds no certificate"),
        ("/broken.pem", "`/broken.pem`, which is broken at certificate 1: "),
        ("/half.pem", "`/half.pem`, which is broken at certificate 1: "),
    ] {
        let error = trust(&format!("ssl_verify: {file}"), &files).unwrap_err();
        assert!(error.contains(&format!("`ssl_verify` names {why}")), "{error}");
        assert!(error.contains("config.yaml:6:"), "{error}");
        let with_variable = [files.as_slice(), &[("SSL_CERT_FILE", file)]].concat();
        let error = trust("", &with_variable).unwrap_err();
        assert!(error.contains(&format!("`SSL_CERT_FILE` names {why}")), "{error}");
    }
    let error = trust("ssl_verify: 1", &[]).unwrap_err();
    assert!(error.contains("`ssl_verify` must be true, false or a file"), "{error}");
}

#[test]
fn one_certificate_that_cannot_be_used_among_others_is_a_warning() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let mixed = authority() + broken + &authority() + broken;
    let config = trust("ssl_verify: /mixed.pem", &[("/mixed.pem", &mixed)]).unwrap();
    assert!(describe(&config).contains("of the 2 authorities in /mixed.pem"));
    let told = "`ssl_verify` names `/mixed.pem`, of which 2 certificate(s) cannot be used and vouch \
                for no one: the first is number 2, ";
    assert!(warnings(&config).iter().any(|it| it.contains(told)), "{:?}", warnings(&config));
}
