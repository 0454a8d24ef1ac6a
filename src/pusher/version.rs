//! The protocol version that a client asks for when it connects.

use super::Code;

/// Checks the query parameter `protocol`. A missing one is taken for the current version, as other servers do.
///
/// # Errors
/// [`Code::InvalidVersion`] or [`Code::UnsupportedVersion`].
pub fn check_version(protocol: Option<&str>) -> Result<(), Code> {
    let Some(protocol) = protocol else { return Ok(()) };
    match protocol.parse::<u32>() {
        Ok(4..=7) => Ok(()),
        Ok(_) => Err(Code::UnsupportedVersion),
        Err(_) => Err(Code::InvalidVersion),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_4_to_7_are_spoken() {
        assert_eq!(check_version(None), Ok(()));
        assert_eq!(check_version(Some("7")), Ok(()));
        assert_eq!(check_version(Some("3")), Err(Code::UnsupportedVersion));
        assert_eq!(check_version(Some("8")), Err(Code::UnsupportedVersion));
        assert_eq!(check_version(Some("seven")), Err(Code::InvalidVersion));
        assert_eq!(check_version(Some("-7")), Err(Code::InvalidVersion));
    }
}
