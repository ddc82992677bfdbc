//! A person who was recognised, with what they may.

use uuid::Uuid;

use super::{Forest, Permission, Place, Reach, Role, UserId};

/// A person who was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who it is.
    pub user: UserId,
    /// The session that they came by; none where the token is another issuer's.
    pub session: Option<Uuid>,
    /// What they are.
    pub role: Role,
    /// How far they see.
    pub reach: Reach,
    /// Whether they came by a password that was made for them, and may only change it.
    pub must_change_password: bool,
}

impl Principal {
    /// Whether they may do acts of a kind at all.
    pub fn may(&self, permission: Permission) -> bool {
        permission.is_had_by(self.role)
    }

    /// Whether they may and see all that they did as they were `before`.
    pub fn lost_nothing_of(&self, before: &Self, forest: &Forest) -> bool {
        let is_kept = |permission: &Permission| !before.may(*permission) || self.may(*permission);
        let is_free = !self.must_change_password || before.must_change_password;
        let reaches = || self.reach.covers(&before.reach, forest);
        let sees = before.reach == Reach::Nothing || self.reach == before.reach || reaches();
        is_free && sees && Permission::ALL.iter().all(is_kept)
    }

    /// Whether they see what is at `place`.
    pub fn sees(&self, place: &Place<'_>) -> bool {
        self.reach.sees(place)
    }
}
