//! Passwords that are guessed first: common and breached ones, patterns of the keyboard, and the names around their owner.

use zxcvbn::zxcvbn;

use crate::domain::{InvalidField, Password, Refusal};

/// Fewer guesses than this are made in an hour, even at one sign-in a second from each of a few hundred addresses.
/// zxcvbn's two lowest scores.
const MIN_GUESSES: u64 = 1_000_000;
/// Letters and digits that must be left of a password when the names in it are taken away.
const MIN_BESIDE_NAMES: usize = 4;
/// A shorter name is found in too many passwords.
const MIN_NAME_CHARS: usize = 3;

/// Refuses a password that somebody who knows its owner, or a list of breached passwords, would try first. `names` are
/// the person's, the user's and the instance's; their words count too.
///
/// The lists are those that the crate `zxcvbn` ships: 30,000 passwords of breaches, names, and words of English.
///
/// # Errors
/// `password_too_common`.
pub fn refuse_guessable(password: &Password, names: &[&str]) -> Result<(), InvalidField> {
    let refused = |detail: &str| Err(InvalidField::new("password", Refusal::PasswordTooCommon, detail.to_owned()));
    let mut words: Vec<String> = names.iter().flat_map(|name| words_of(name)).collect();
    // The longest first: what is left of "adalovelace" without "ada" is still a name.
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.chars().count()));
    let mut rest = folded(password.expose());
    let before = rest.len();
    for word in &words {
        rest = rest.replace(word.as_str(), "");
    }
    let letters = rest.chars().filter(|char| char.is_alphabetic()).count();
    if rest.len() < before && letters < MIN_BESIDE_NAMES {
        return refused("The password is a name of yours, or of this server, with little else. Take several words.");
    }
    let inputs: Vec<&str> = words.iter().map(String::as_str).collect();
    if zxcvbn(password.expose(), &inputs).guesses() < MIN_GUESSES {
        return refused(
            "The password is among the first that are guessed. Take several words that do not belong together.",
        );
    }
    Ok(())
}

/// A name without spaces and signs, and each word of it.
fn words_of(name: &str) -> Vec<String> {
    let parts = name.split(|char: char| !char.is_alphanumeric()).map(folded);
    let whole = std::iter::once(folded(name));
    whole.chain(parts).filter(|word| word.chars().count() >= MIN_NAME_CHARS).collect()
}

/// Lower-case letters and digits alone.
fn folded(text: &str) -> String {
    text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(password: &str) -> bool {
        let password = Password::parse_attempt(password).expect("short enough");
        let names = ["ada.lovelace", "Ada Byron Lovelace", "Hubbub", "chat.example.org"];
        refuse_guessable(&password, &names).is_err()
    }

    #[test]
    fn common_passwords_and_patterns_are_refused() {
        let common = [
            "password123",
            "Password1!",
            "1234567890",
            "0987654321",
            "qwertyuiop",
            "1q2w3e4r5t",
            "iloveyou123",
            "letmein123",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "P@ssw0rd123",
            "football2024",
            "administrator",
            "changeme123",
        ];
        for password in common {
            assert!(is_refused(password), "{password}");
        }
    }

    #[test]
    fn names_of_the_person_the_user_and_the_instance_are_refused() {
        let names = [
            "ada.lovelace",
            "Ada Lovelace",
            "adalovelace",
            "lovelace1815",
            "LOVELACE-2026!",
            "ada lovelace 10.12.1815",
            "hubbub2026!",
            "Hubbub-Hubbub",
            "chat.example.org",
            "example2026",
            "byron-byron-byron",
            "Lovelace_ada_1",
        ];
        for password in names {
            assert!(is_refused(password), "{password}");
        }
    }

    #[test]
    fn what_nobody_guesses_is_taken() {
        let good = [
            "correct horse battery",
            "another horse battery",
            "wrong horse battery",
            "correct horse battery staple",
            "ada likes pomegranate juice",
            "a long password",
            "another long password",
            "kT7#vP2q!mZ9",
            "cre\u{300}me bru\u{302}le\u{301}e \u{fb01}ne",
            "请输入一个很长的密码短语",
        ];
        for password in good {
            assert!(!is_refused(password), "{password}");
        }
    }

    #[test]
    fn the_longest_password_costs_no_more_than_a_moment() {
        for text in ["@4$3!0".repeat(42), "a".repeat(256), "qwerty".repeat(42)] {
            let password = Password::parse_attempt(&text).expect("short enough");
            let began = std::time::Instant::now();
            let _ = refuse_guessable(&password, &["ada"]); // Either is fine here.
            assert!(began.elapsed() < std::time::Duration::from_secs(10), "{text}");
        }
    }
}
