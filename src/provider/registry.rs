//! The providers that are built in.

use std::sync::Arc;

use super::home::Home;
use super::{Room, anthropic, gemini, openai};

/// Every built-in room, one line each.
pub(crate) fn builtin() -> Vec<Room> {
    vec![Arc::new(openai::OpenAi), Arc::new(anthropic::Anthropic), Arc::new(gemini::Gemini)]
}

/// What they tell of their vendors.
pub(crate) static HOMES: [&Home; 3] = [&openai::HOME, &anthropic::HOME, &gemini::HOME];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_room_owns_its_home() {
        let rooms = builtin();
        assert_eq!(rooms.len(), HOMES.len());
        for (room, home) in rooms.iter().zip(HOMES) {
            assert_eq!(room.provider(), home.provider);
            assert!(room.owns(home.host) && room.owns(&home.host.to_uppercase()));
            assert!(HOMES.iter().filter(|other| room.owns(other.host)).count() == 1);
        }
    }
}
