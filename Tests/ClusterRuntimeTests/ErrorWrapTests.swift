import ClusterCore
import Corpus
import Foundation
import Models
import Testing

@testable import ClusterRuntime

struct ErrorWrapTests {
    private struct Odd: Error {}

    @Test func `an error of no known kind is a defect, not the user's fault`() {
        let error = ClusterError.wrap(Odd())
        #expect(error.code == .internal)
        #expect(error.description.hasSuffix("This is a defect of Sheaf: please report it."))
    }

    @Test(
        arguments: [
            (CorpusError.noPaths, .input),
            (CorpusError.cannotWrite(path: "a", reason: "full"), .storage),
            (ModelError.hubName("a/b"), .input), (TransportError.stopped, .unavailable),
            (TransportError.keyFile(path: "a", reason: "b"), .input),
            (CancellationError(), .unavailable), (CocoaError(.fileNoSuchFile), .storage),
            (ClusterError.busy("a"), .busy),
        ] as [(any Error, FailureCode)])
    func `an error of another room says whose fault it is`(error: any Error, code: FailureCode) {
        #expect(ClusterError.wrap(error).code == code)
    }
}
