public import ClusterCore

/// What each lane carries, and how it is shared.
extension Lane {
    /// The largest message the lane carries.
    public var limits: WireLimits {
        switch self {
        case .control: .control
        case .query: .query
        case .bulk: .bulk
        }
    }

    /// How many messages ZeroMQ itself may hold per peer and direction.
    ///
    /// It counts messages, whatever their size, so the lanes of large messages have few; what
    /// is more waits in the reactor's own queue, which counts bytes.
    var highWaterMark: CInt {
        switch self {
        case .control: 128
        case .query: 32
        case .bulk: 4
        }
    }

    /// How many messages of one peer are read in one ``PacedInterval``: thousands a second,
    /// more than any peer sends that does what it is asked to.
    var readingShare: Int {
        switch self {
        case .control: 4
        case .query: 16
        case .bulk: 8
        }
    }

    /// How many messages leave before lanes of precedence are looked at again.
    var sendBurst: Int {
        switch self {
        case .control: 256
        case .query: 32
        case .bulk: 4
        }
    }
}
