extension [String] {
    /// Adds a note, unless it is empty or stands there.
    mutating func addNote(_ note: String) {
        if !note.isEmpty, !contains(note) { append(note) }
    }
}
