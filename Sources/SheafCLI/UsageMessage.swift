import ArgumentParser
import Foundation
import Sheaf

/// What is wrong with a call, in one line with its remedy.
enum UsageMessage {
    /// The line for an error of parsing.
    ///
    /// - Parameter arguments: The words of the call, without the program's name.
    static func text(of error: any Error, arguments: [String]) -> String {
        let (command, path, stray) = command(of: arguments)
        let help = "See `\(([SheafCommand._commandName] + path).joined(separator: " ")) --help`."
        if let stray {
            let names = names(of: command)
            let nearest = NearestName.of(stray, among: names).map { " Did you mean “\($0)”?" }
            let place = (["sheaf"] + path).joined(separator: " ")
            let choices = "Its commands are \(names.joined(separator: ", "))."
            return "“\(stray)” is no command of \(place).\(nearest ?? " " + choices) \(help)"
        }
        let message = sentence(SheafCommand.message(for: error))
        guard message.hasPrefix("Missing"), let hint = mistyped(arguments, of: command) else {
            return "\(message) \(help)"
        }
        return "\(hint) \(help)"
    }

    /// The command that a call means, its names, and a word where it should name one and does not.
    private static func command(
        of arguments: [String]
    ) -> (any ParsableCommand.Type, path: [String], stray: String?) {
        var command: any ParsableCommand.Type = SheafCommand.self
        var path: [String] = []
        for word in arguments {
            let inner = command.configuration.subcommands
            // Behind an option a word may be its value.
            guard !inner.isEmpty, !word.hasPrefix("-") else { break }
            guard let next = inner.first(where: { $0._commandName == word }) else {
                return (command, path, word == "help" ? nil : word)
            }
            command = next
            path.append(word)
        }
        return (command, path, nil)
    }

    private static func names(of command: any ParsableCommand.Type) -> [String] {
        command.configuration.subcommands.filter { $0.configuration.shouldDisplay }
            .map { $0._commandName }
    }

    /// An option of the call that its command has not: what is missing may be what it stands for.
    private static func mistyped(
        _ arguments: [String], of command: any ParsableCommand.Type
    ) -> String? {
        let help = SheafCommand.helpMessage(for: command, includeHidden: true)
        let known = Set(
            help.split { !$0.isLetter && !$0.isNumber && $0 != "-" }
                .filter { $0.hasPrefix("--") }.map(String.init))
        for word in arguments where word.hasPrefix("--") && word != "--" {
            let name = String(word.prefix { $0 != "=" })
            guard !known.contains(name) else { continue }
            let nearest = NearestName.of(name, among: known).map { " Did you mean '\($0)'?" }
            return "Unknown option '\(name)'.\(nearest ?? "")"
        }
        return nil
    }

    /// A message in one line that ends as a sentence does.
    private static func sentence(_ message: String) -> String {
        var line = message.split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
        if line.hasPrefix("Error: ") { line.removeFirst("Error: ".count) }
        if let last = line.last, !".?!".contains(last) { line += "." }
        return line
    }
}
