import ArgumentParser

/// Options that say nothing of what is asked: they are refused, so that none is ignored.
enum Strangers {
    /// The options that were given.
    static func given(_ options: [(name: String, isGiven: Bool)]) -> [String] {
        options.filter(\.isGiven).map(\.name)
    }

    /// Refuses the first of some options beside another that leaves them without a meaning.
    ///
    /// - Throws: `ValidationError`, naming both.
    static func refuse(_ names: [String], beside other: String) throws(ValidationError) {
        guard let name = names.first else { return }
        throw ValidationError("\(name) says nothing beside \(other). Leave it out.")
    }
}
